from outwait.core.catalog import Catalog
from outwait.policy.health_rules import DEFAULT, HealthRules, rules_of


def test_the_rules_are_those_of_the_catalog_or_the_defaults() -> None:
    own = HealthRules(adaptive="off")
    assert rules_of(Catalog(health=own)) is own
    assert rules_of(Catalog()) is DEFAULT
    assert HealthRules() == DEFAULT
