"""A wrong name is answered with the nearest and with all there are."""

from lovt_bench.benchmark.contract.unknown import nearest, unknown

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


def test_case_hyphens_and_blanks_do_not_hide_the_nearest():
    assert nearest("Learning-Rate", ["learning_rate", "batch_size"]) == ["learning_rate"]
    assert nearest("nih_cxr", ["nih-cxr", "rsna"]) == ["nih-cxr"]
    assert nearest("resnet", ["resnet18", "resnet50", "vgg"], 2) == ["resnet50", "resnet18"]
