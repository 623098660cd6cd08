import pytest
import yaml

from mooring.cli.main import main

RECIPE = {
    "apiVersion": "mooring.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {"name": "income"},
    "spec": {
        "data": {"uri": "s3://datasets/census/", "target": "employed"},
        "trainer": {"sklearn": {"estimator": "LogisticRegression"}},
        "evaluation": {"gates": [{"metric": "accuracy", "min": "0.5"}]},
    },
}


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """Return a function that runs `mooring train` on a recipe and returns its status and output."""
    monkeypatch.chdir(tmp_path)

    def start(recipe: object, *arguments: str) -> tuple[int, str]:
        (tmp_path / "recipe.yaml").write_text(recipe if isinstance(recipe, str) else yaml.safe_dump(recipe))
        status = main(["train", "recipe.yaml", *arguments])
        return status, capsys.readouterr().out

    return start


def changed(**spec: object) -> dict[str, object]:
    return {**RECIPE, "spec": {**RECIPE["spec"], **spec}}


def test_a_recipe_trains_on_local_files_into_a_local_folder(shell, people, store_rows, tmp_path):
    store_rows(people(800))
    status, output = shell(RECIPE, "--data", "data")
    assert status == 0
    (folder,) = (tmp_path / "artifacts" / "income").iterdir()
    assert (folder / "manifest.json").exists()
    assert "verdict   Passed: the gate holds: accuracy" in output
    assert f"artifact  artifacts/income/{folder.name}" in output
    assert "roc_auc" in output.split("metric")[1]


def test_the_output_goes_where_it_is_told(shell, people, store_rows, tmp_path):
    store_rows(people(200))
    status, _ = shell(RECIPE, "--data", f"file://{tmp_path}/data/", "--output", "elsewhere")
    assert status == 0
    assert (tmp_path / "elsewhere" / "income").is_dir()


def test_unknown_fields_are_refused_by_name(shell):
    data = {"uri": "s3://b/x", "target": "y", "tgt": "z"}
    status, output = shell(changed(data=data, trainr={}))
    assert status == 42
    assert "spec.data.tgt: there is no such field" in output
    assert "spec.trainr: there is no such field" in output


def test_a_missing_field_and_a_wrong_value_are_named(shell):
    status, output = shell(changed(data={"uri": "s3://b/x"}, trainer={"sklearn": {"estimator": "Oracle"}}))
    assert status == 42
    assert "spec.data.target: field required" in output
    assert "spec.trainer.sklearn.estimator: input should be 'LogisticRegression'" in output


def test_a_file_that_is_no_recipe_is_refused(shell):
    assert shell("a: [")[0] == 42
    assert "is not YAML" in shell("a: [")[1]
    assert "not a TrainingJob" in shell({**RECIPE, "kind": "ModelDeployment"})[1]
    assert main(["train", "nothing.yaml"]) == 42


def test_a_mistake_in_the_data_exits_42_and_says_what_to_do(shell, people, store_rows):
    store_rows(people(200).rename(columns={"employed": "Employed"}))
    status, output = shell(RECIPE, "--data", "data")
    assert status == 42
    assert "Data error, TargetMissing: there is no target column 'employed'; did you mean 'Employed'?" in output
