"""A wrong name is answered with the nearest and with all there are."""

from benchmark.contract.unknown import unknown

KNOWN = ["rsna_linear", "covid_linear"]


def test_the_nearest_name_is_suggested_and_all_are_listed():
    said = "unknown task 'covid_linaer' (did you mean covid_linear?); known: rsna_linear, covid_linear"
    assert unknown("task", "covid_linaer", KNOWN) == said
    assert "did you mean covid_linear?" in unknown("task", "COVID_LINEAR", KNOWN)


def test_nothing_is_suggested_where_nothing_is_near():
    assert unknown("task", "x", KNOWN) == "unknown task 'x'; known: rsna_linear, covid_linear"
    assert unknown("version", "1.0.0", []) == "unknown version '1.0.0'; known: none"


def test_a_hostile_name_is_cut_and_escaped():
    said = unknown("task", "\x1b[31m\u202e" + 5000 * "x", KNOWN)
    assert said.startswith(r"unknown task '\x1b[31m\u202exxx")
    assert len(said) < 200
