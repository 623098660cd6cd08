import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.artifact.digest import files_digest
from mooring.artifact.manifest import FileEntry

HEX = hashlib.sha256(b"x").hexdigest()
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FFF, exclude_characters="\x7f"), min_size=1)


def entry(path: str, size: int = 1, sha256: str = HEX) -> FileEntry:
    return FileEntry(path=path, size=size, sha256=sha256)


def test_the_digest_is_the_documented_one():
    text = f"{HEX} 1 a\n{HEX} 2 b/c\n".encode()
    assert files_digest([entry("b/c", 2), entry("a")]) == "sha256:" + hashlib.sha256(text).hexdigest()


@given(st.lists(names, unique=True), st.randoms())
def test_the_order_of_the_files_does_not_matter(paths, random):
    files = [entry(path) for path in paths]
    shuffled = random.sample(files, len(files))
    assert files_digest(files) == files_digest(shuffled)


@given(st.lists(st.tuples(names, st.integers(0, 9)), unique_by=lambda pair: pair[0]).filter(bool))
def test_any_change_of_name_size_or_content_changes_the_digest(pairs):
    files = [entry(path, size) for path, size in pairs]
    digest = files_digest(files)
    first, rest = files[0], files[1:]
    for other in (
        first.model_copy(update={"path": first.path + "!!"}),
        first.model_copy(update={"size": 10}),
        first.model_copy(update={"sha256": HEX[::-1]}),
    ):
        assert files_digest([other, *rest]) != digest


def test_a_newline_in_a_name_cannot_make_one_file_look_like_two():
    with pytest.raises(ValueError, match="control character"):
        files_digest([entry(f"a\n{HEX} 1 b")])


def test_a_file_that_occurs_twice_is_a_mistake():
    with pytest.raises(ValueError, match="twice"):
        files_digest([entry("a"), entry("a", 2)])
