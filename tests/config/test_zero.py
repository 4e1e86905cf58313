from outwait.config.sections import ChannelSection
from outwait.config.zero import OPENAI_URL, channels
from outwait.dialects.providers import PROVIDERS


def test_openai_alone_takes_everything() -> None:
    (made,) = channels({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": ""})
    assert (made["name"], made["base_url"], made["models"], made["priority"]) == ("openai", OPENAI_URL, [], 0)


def test_a_base_url_of_its_own() -> None:
    (made,) = channels({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:8000/v1"})
    assert made["base_url"] == "http://localhost:8000/v1"


def test_three_providers_take_their_own_models() -> None:
    openai, anthropic, gemini = channels({"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "GEMINI_API_KEY": "c"})
    assert "gpt-*" in openai["models"]  # type: ignore[operator]
    assert (anthropic["dialect"], anthropic["models"], anthropic["api_key"]) == ("anthropic", ["claude*"], "b")
    assert (gemini["dialect"], gemini["api_key"]) == ("gemini", "c")
    made = [ChannelSection.model_validate(each) for each in (openai, anthropic, gemini)]
    assert [channel.base_url for channel in made] == [PROVIDERS[channel.dialect].base_url for channel in made]


def test_another_server_beside_providers_comes_after_them() -> None:
    openai, _ = channels({"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "http://x/v1", "ANTHROPIC_API_KEY": "b"})
    assert (openai["models"], openai["priority"]) == ([], 1)


def test_nothing_and_blank_keys_make_nothing() -> None:
    assert channels({}) == channels({"OPENAI_API_KEY": " "}) == []
