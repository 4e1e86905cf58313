from outwait.config.errors import ConfigError, Problem, dotted, nearest


def test_a_path_is_written_as_people_write_it() -> None:
    assert dotted(("channels", 0, "timeouts", "first_byte")) == "channels[0].timeouts.first_byte"
    assert dotted(()) == ""


def test_the_nearest_name_ignores_case_and_dashes() -> None:
    assert nearest("First-Bite", ["first_byte", "idle"]) == "first_byte"
    assert nearest("zebra", ["first_byte", "idle"]) is None


def test_a_problem_tells_place_value_expectation_and_name() -> None:
    told = str(Problem("a.b", "is not right", "'x'", "one of 'y'", "y", 3))
    assert told == "line 3: a.b: is not right, got 'x'; expected one of 'y'; did you mean `y`?"
    assert str(Problem("a", "is odd", source="OUTWAIT_A")) == "$OUTWAIT_A: a: is odd"
    assert str(Problem("", "is not YAML")) == "is not YAML"


def test_an_error_tells_all_problems_at_once() -> None:
    error = ConfigError([Problem("a", "one"), Problem("b", "two")], "x.yaml")
    assert str(error).splitlines() == ["x.yaml: 2 problems", "  - a: one", "  - b: two"]
    assert str(ConfigError([Problem("a", "one")])).startswith("configuration: 1 problem\n")
