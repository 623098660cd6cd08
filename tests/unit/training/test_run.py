import json
from pathlib import Path

import numpy as np
import pytest

from mooring.api.modelversion import Artifact
from mooring.artifact.folder import fetch
from mooring.artifact.frame import to_frame
from mooring.artifact.manifest import Golden
from mooring.artifact.model import load_model
from mooring.artifact.predict import ask
from mooring.ledger.profile import Profile
from mooring.training.failure import RunFailed
from mooring.training.golden import answers_digest
from mooring.training.load import load
from mooring.training.run import Run, execute


def run(order):
    return execute(Run(order, {}, {}))


def fetched(report, into: Path):
    artifact = Artifact.model_construct(**report.artifact.model_dump())
    return fetch(artifact, "MOORING_ARTIFACT_", into)


def failure(order):
    with pytest.raises(RunFailed) as raised:
        run(order)
    return raised.value.failure


@pytest.fixture
def trained(order, people, store_rows):
    store_rows(people())
    return run(order(evaluation={"gates": [{"metric": "accuracy", "min": "0.5"}]}))


def test_a_recipe_becomes_a_whole_artifact_that_the_report_describes(trained, tmp_path):
    manifest = fetched(trained, tmp_path / "back")
    files = {file.name for file in (tmp_path / "back").iterdir()}
    others = {"model.skops", "profile.json", "golden.json", "card.md", "compiled.json", "model.onnx"}
    assert files == others | {"manifest.json"}
    assert {file.path for file in manifest.files} == others
    assert manifest.compiled is not None
    assert trained.artifact.also_as == ["Onnx"]
    assert trained.artifact.uri == f"{tmp_path}/models/income/1-0123abcd"
    assert trained.outcome == "Trained"
    assert trained.metrics == manifest.metrics
    assert trained.data.rows == trained.data.train_rows + trained.data.holdout_rows == 400
    assert trained.data.split_columns == ["age", "citizen", "job", "wage"]
    assert [tensor.name for tensor in trained.signature.inputs] == ["age", "wage", "job", "citizen"]
    assert (manifest.classes, manifest.positive_class) == ([0, 1], 1)


def test_the_verdict_needs_enough_held_out_rows(trained):
    assert trained.data.holdout_rows < 100
    assert trained.gate.verdict == "Unknown"
    assert f"{trained.data.holdout_rows} held out rows are too few" in trained.gate.message


def test_the_primary_metric_comes_first_and_every_metric_has_an_interval_around_it(trained):
    assert trained.metrics[0].name == "roc_auc"
    assert all(float(metric.low) <= float(metric.value) <= float(metric.high) for metric in trained.metrics)


def test_golden_rows_are_answered_as_recorded_and_cover_missing_values(trained, tmp_path):
    manifest = fetched(trained, tmp_path / "back")
    golden = Golden.model_validate_json((tmp_path / "back" / "golden.json").read_bytes())
    assert len(golden.outputs["label"]) == 32
    assert None in golden.inputs["wage"]
    assert None in golden.inputs["job"]
    assert {type(value) for value in golden.inputs["age"]} == {int}
    assert {type(value) for value in golden.inputs["citizen"]} == {bool}
    answers = ask(
        load_model(tmp_path / "back" / "model.skops"), manifest.task, to_frame(manifest.features, golden.inputs)
    )
    assert np.abs(answers.probability - np.array(golden.outputs["probability"])).max() <= 1e-12
    assert answers.codes.tolist() == golden.outputs["label"]


def test_the_profile_counts_every_row(trained, tmp_path):
    fetched(trained, tmp_path / "back")
    profile = Profile.model_validate_json((tmp_path / "back" / "profile.json").read_bytes())
    assert profile.rows == 400
    for number in profile.numbers:
        assert sum(number.counts) + number.missing == 400
        assert len(number.counts) == len(number.edges) + 1 <= 16
        assert number.edges == sorted(set(number.edges))
    (job,) = profile.categories
    assert job.categories == ["baker", "clerk", "miner"]
    assert sum(job.counts) + job.other + job.missing == 400
    assert sum(profile.predictions.counts) == profile.holdout_rows == trained.data.holdout_rows
    assert np.sum(profile.predictions.outcomes) == profile.holdout_rows


def test_the_same_recipe_and_data_give_the_same_answers(order, people, store_rows, tmp_path):
    store_rows(people())
    digests = []
    for number in (1, 2):
        report = run(order(run=number, trainer={"estimator": "RandomForestClassifier", "parameters": []}))
        fetched(report, tmp_path / str(number))
        golden = (tmp_path / str(number) / "golden.json").read_bytes()
        digests.append(answers_digest(Golden.model_validate_json(golden)))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (estimator, target)
        for target, estimators in {
            "employed": [
                "LogisticRegression",
                "ExtraTreesClassifier",
                "GradientBoostingClassifier",
                "HistGradientBoostingClassifier",
            ],
            "job": ["LogisticRegression", "RandomForestClassifier", "HistGradientBoostingClassifier"],
            "citizen": ["LogisticRegression", "HistGradientBoostingClassifier"],
            "wage": [
                "LinearRegression",
                "Ridge",
                "RandomForestRegressor",
                "ExtraTreesRegressor",
                "GradientBoostingRegressor",
                "HistGradientBoostingRegressor",
            ],
        }.items()
        for estimator in estimators
    ],
)
def test_every_estimator_trains_on_every_type_and_its_saved_model_answers_alike(
    order, people, store_rows, tmp_path, estimator, target
):
    store_rows(people(150))
    count = "max_iter" if "Hist" in estimator else "n_estimators"
    small = [] if "Regression" in estimator or estimator == "Ridge" else [{"name": count, "value": "5"}]
    report = run(order(data={"target": target}, trainer={"estimator": estimator, "parameters": small}))
    names = [output.name for output in report.signature.outputs]
    assert names == (["prediction"] if target == "wage" else ["probability", "label"])
    manifest = fetched(report, tmp_path / "back")
    assert manifest.classes == {"employed": [0, 1], "citizen": [False, True], "wage": None}.get(
        target, ["baker", "clerk", "miner"]
    )


def test_a_category_and_a_gap_that_training_did_not_see_are_answered(order, people, store_rows, tmp_path):
    store_rows(people())
    report = run(order(trainer={"estimator": "LogisticRegression", "parameters": []}))
    manifest = fetched(report, tmp_path / "back")
    rows = {"age": [None], "wage": [None], "job": ["astronaut"], "citizen": [None]}
    answers = ask(load_model(tmp_path / "back" / "model.skops"), manifest.task, to_frame(manifest.features, rows))
    assert 0 < answers.probability[0, 1] < 1


def test_a_retried_pod_reports_the_finished_artifact_again_without_training(order, people, store_rows, capsys):
    data = store_rows(people())
    first = run(order())
    data.unlink()
    again = run(order())
    assert again.model_dump(exclude={"seconds"}) == first.model_dump(exclude={"seconds"})
    assert "this run finished before" in capsys.readouterr().out


def test_an_artifact_that_was_damaged_before_it_was_reported_is_made_anew(order, people, store_rows, tmp_path):
    store_rows(people())
    run(order())
    (tmp_path / "models/income/1-0123abcd/golden.json").write_text("{}")
    fetched(run(order()), tmp_path / "back")


def test_an_unfinished_folder_is_made_anew(order, people, store_rows, tmp_path):
    store_rows(people())
    run(order())
    (tmp_path / "models/income/1-0123abcd/manifest.json").unlink()
    fetched(run(order()), tmp_path / "back")


def test_the_same_data_under_the_same_recipe_is_unchanged(order, people, store_rows, tmp_path):
    data = store_rows(people())
    digest = load(str(data.parent), "Parquet", {}).digest
    report = run(order(unchanged={"version": "income-v1", "data_digest": digest}))
    assert (report.outcome, report.data.digest, report.data.rows) == ("Unchanged", digest, 400)
    assert not (tmp_path / "models").exists()
    people(401).to_parquet(data)
    assert run(order(unchanged={"version": "income-v1", "data_digest": digest})).outcome == "Trained"


def test_parameters_are_refused_before_the_data_is_looked_for(order):
    found = failure(order(trainer={"parameters": [{"name": "max_itr", "value": "3"}]}))
    assert (found.class_, found.reason) == ("User", "InvalidParameters")
    assert "did you mean max_iter?" in found.message


def test_parameters_that_do_not_go_together_end_with_what_scikit_learn_says(order, people, store_rows):
    store_rows(people())
    pair = [{"name": "solver", "value": "lbfgs"}, {"name": "l1_ratio", "value": "0.5"}]
    found = failure(order(trainer={"estimator": "LogisticRegression", "parameters": pair}))
    assert (found.class_, found.reason) == ("User", "FitFailed")
    assert "lbfgs" in found.message


def test_a_classifier_for_numbers_is_the_users_mistake(order, people, store_rows):
    store_rows(people())
    found = failure(order(data={"target": "wage"}))
    assert (found.class_, found.reason) == ("User", "TaskMismatch")
    assert "(the task that the target 'wage' suggests)" in found.message


DOWN = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


def test_an_artifact_store_that_does_not_answer_is_infrastructure(order, people, store_rows, monkeypatch):
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "0.2")
    store_rows(people())
    there = order()
    spec = there.spec.model_copy(update={"output": there.spec.output.model_copy(update={"uri": "s3://models"})})
    run_there = Run(there.model_copy(update={"spec": spec}), {}, DOWN)
    with pytest.raises(RunFailed) as raised:
        execute(run_there)
    assert (raised.value.failure.class_, raised.value.failure.reason) == ("Infrastructure", "ArtifactStoreUnavailable")


def test_a_model_that_holds_a_type_beyond_the_list_is_not_loaded(tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    from mooring.artifact.errors import ArtifactMismatch

    skops.io.dump(FunctionTransformer(func=json.dumps), tmp_path / "model.skops")
    with pytest.raises(ArtifactMismatch, match=r"does not load: json\.dumps"):
        load_model(tmp_path / "model.skops")
    (tmp_path / "model.skops").write_bytes(b"junk")
    with pytest.raises(ArtifactMismatch, match="cannot be read"):
        load_model(tmp_path / "model.skops")
