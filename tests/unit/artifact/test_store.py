import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mooring.artifact.errors import StoreRefused, StoreUnavailable
from mooring.artifact.location import credentials_from_env, parse_uri
from mooring.artifact.store import PATIENCE_VARIABLE, Store

ANSWERS = {
    "gone": (404, "<Error><Code>NoSuchBucket</Code></Error>"),
    "denied": (403, "<Error><Code>AccessDenied</Code></Error>"),
    "stranger": (403, "<Error><Code>InvalidAccessKeyId</Code></Error>"),
    "wrongsecret": (403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"),
    "broken": (503, "<Error><Code>SlowDown</Code></Error>"),
    "website": (200, "<html>Welcome"),
    "elsewhere": (301, "<Error><Code>PermanentRedirect</Code></Error>"),
}


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path.split("/")[1].partition("?")[0]]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0.3")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def credentials(endpoint: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "TopSecret", "AWS_ENDPOINT_URL": endpoint}


@pytest.mark.parametrize(
    ("bucket", "sentence"),
    [
        ("gone", "bucket 'gone' of s3://gone/train does not exist"),
        ("denied", "denies access for s3://denied/train; correct the credentials"),
        ("stranger", "does not know the access key"),
        ("wrongsecret", "refuses the secret key"),
        ("website", "does not speak the S3 protocol; correct AWS_ENDPOINT_URL"),
        ("elsewhere", "lies in another region; set AWS_REGION"),
    ],
)
def test_a_mistake_of_the_user_is_refused_with_a_sentence_that_says_what_to_correct(endpoint, bucket, sentence):
    with pytest.raises(StoreRefused, match=sentence) as raised:
        Store(f"s3://{bucket}/train", credentials(endpoint)).files(limit=10)
    assert "TopSecret" not in str(raised.value)


@pytest.mark.parametrize("uri", ["s3://broken/train", "s3://broken/"])
def test_a_store_that_is_out_of_order_is_unavailable(endpoint, uri):
    with pytest.raises(StoreUnavailable, match="answers 503 SlowDown"):
        Store(uri, credentials(endpoint)).files(limit=10)


def test_a_store_that_does_not_listen_is_unavailable():
    with pytest.raises(StoreUnavailable, match=r"the store at 127\.0\.0\.1:1 cannot be reached"):
        Store("s3://datasets/train", credentials("http://127.0.0.1:1")).files(limit=10)


@pytest.mark.parametrize("address", ["minio", "ftp://host", "http://user:TopSecret@host", "http://a b"])
def test_an_endpoint_that_is_no_address_is_refused_without_being_repeated(address):
    with pytest.raises(StoreRefused, match="AWS_ENDPOINT_URL is not an address") as raised:
        Store("s3://datasets/train", credentials(address))
    assert "TopSecret" not in str(raised.value)


def test_a_folder_lists_its_files_by_their_path_and_a_file_lists_itself(tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "x%20y#1.csv").write_text("x")
    (tmp_path / "ab").write_text("not in the folder")
    folder = Store(str(tmp_path / "a b"), {})
    assert [(file.path, file.size) for file in folder.files(limit=1)] == [("x%20y#1.csv", 1)]
    file = Store(f"{tmp_path}/a b/x%20y#1.csv", {})
    assert [(entry.path, bytes(file.read(entry))) for entry in file.files(limit=1)] == [("x%20y#1.csv", b"x")]
    assert Store(str(tmp_path / "none"), {}).files(limit=1) == []


def test_a_folder_lists_its_folders_and_bytes_are_written_and_deleted(tmp_path):
    store = Store(f"{tmp_path}/a/", {})
    assert store.folders() == []
    for path in ("2/x", "1/y/z", "w"):
        store.write(path, b"content")
    assert store.folders() == ["1", "2"]
    deep = Store(f"{tmp_path}/a/1/", {})
    (entry,) = deep.files(limit=1)
    assert (entry.path, bytes(deep.read(entry))) == ("y/z", b"content")
    deep.delete(entry)
    assert deep.files(limit=1) == []


def test_a_folder_with_too_many_files_is_refused(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text("")
    with pytest.raises(StoreRefused, match="more than 2 files"):
        Store(str(tmp_path), {}).files(limit=2)


def test_uris_are_understood():
    assert str(parse_uri("s3://bucket//a//b/")) == "s3://bucket/a/b"
    assert str(parse_uri("gs://bucket")) == "gs://bucket"
    assert str(parse_uri("file:///data/a%20b")) == "/data/a b"
    with pytest.raises(StoreRefused, match="ftp:// is not supported"):
        parse_uri("ftp://host/a")


def test_credentials_come_from_the_variables_with_the_prefix_and_empty_ones_are_absent():
    env = {"MOORING_DATA_AWS_ACCESS_KEY_ID": "a", "MOORING_DATA_AWS_REGION": "", "AWS_SECRET_ACCESS_KEY": "other"}
    assert credentials_from_env("MOORING_DATA_", env) == {"AWS_ACCESS_KEY_ID": "a"}
