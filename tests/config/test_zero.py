from outwait.config.zero import ANTHROPIC_URL, GEMINI_URL, OPENAI_URL, channels


def test_openai_alone_takes_everything() -> None:
    (made,) = channels({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": ""})
    assert (made["name"], made["base_url"], made["models"], made["priority"]) == ("openai", OPENAI_URL, [], 0)


def test_a_base_url_of_its_own() -> None:
    (made,) = channels({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:8000/v1"})
    assert made["base_url"] == "http://localhost:8000/v1"


def test_three_providers_take_their_own_models() -> None:
    openai, anthropic, gemini = channels({"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "GEMINI_API_KEY": "c"})
    assert "gpt-*" in openai["models"]  # type: ignore[operator]
    assert (anthropic["base_url"], anthropic["models"], anthropic["api_key"]) == (ANTHROPIC_URL, ["claude*"], "b")
    assert (gemini["base_url"], gemini["api_key"]) == (GEMINI_URL, "c")


def test_another_server_beside_providers_comes_after_them() -> None:
    openai, _ = channels({"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "http://x/v1", "ANTHROPIC_API_KEY": "b"})
    assert (openai["models"], openai["priority"]) == ([], 1)


def test_nothing_and_blank_keys_make_nothing() -> None:
    assert channels({}) == channels({"OPENAI_API_KEY": " "}) == []
