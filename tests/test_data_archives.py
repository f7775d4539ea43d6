"""Archives of media, honest and hostile: real files, made here."""

import hashlib
import io
import stat
import tarfile
import zipfile

import pytest

from sailbench import data
from sailbench.data.archives import Joined, archives, unpack_all
from sailbench.errors import DataError


def zipped(path, members, how=zipfile.ZIP_STORED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members, mode="w"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def split(path, size, names):
    """The pieces of a file, as `split` leaves them; the file itself goes."""
    content = path.read_bytes()
    path.unlink()
    for place, name in enumerate(names):
        end = (place + 1) * size if place + 1 < len(names) else len(content)
        path.with_name(name).write_bytes(content[place * size : end])


def test_archives_are_unpacked_once(tmp_path):
    zipped(tmp_path / "a.zip", {"v/1.mp4": b"1"})
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("v/2.mp4"))
    unpack_all(tmp_path)
    (tmp_path / "v/1.mp4").write_bytes(b"kept")
    unpack_all(tmp_path)
    assert [(tmp_path / "v" / name).read_bytes() for name in ("1.mp4", "2.mp4")] == [b"kept", b""]


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "..\\x", "C:\\x"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path, name):
    zipped(tmp_path / "in" / "a.zip", {name: b"1"})
    with pytest.raises(DataError, match="outside its folder"):
        unpack_all(tmp_path / "in")
    assert not (tmp_path / "x").exists()


LINKS = [(tarfile.SYMTYPE, "/etc"), (tarfile.SYMTYPE, "../.."), (tarfile.LNKTYPE, "../secret"), (tarfile.FIFOTYPE, "")]
LINKS += [(tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, "")]


@pytest.mark.parametrize(("kind", "target"), LINKS)
def test_an_archive_cannot_bring_links_and_devices(tmp_path, kind, target):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("v/link")
        link.type, link.linkname = kind, target
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("v/link/x"))
    with pytest.raises(DataError, match="holds a link or device: 'v/link'"):
        unpack_all(tmp_path)
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_a_zip_file_cannot_bring_links_and_devices(tmp_path, kind):
    info = zipfile.ZipInfo("link")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="holds a link or device"):
        unpack_all(tmp_path)


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x"])
def test_a_tar_file_cannot_write_outside_its_folder(tmp_path, name):
    tarred(tmp_path / "in/a.tar", {name: b"1"})
    with pytest.raises(DataError, match="outside its folder"):
        unpack_all(tmp_path / "in")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", [".unpacked.json", "v/.complete.json"])
def test_an_archive_cannot_replace_the_caches_records(tmp_path, name):
    zipped(tmp_path / "a.zip", {name: b"[]"})
    with pytest.raises(DataError, match="wants to replace a record of the cache"):
        unpack_all(tmp_path)


def test_an_archive_that_grows_a_thousandfold_is_refused(tmp_path):
    zipped(tmp_path / "a.zip", {f"{n}": bytes(50_000_000) for n in range(3)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(DataError, match="more than it may"):
        unpack_all(tmp_path)


def test_an_archive_larger_than_the_disk_is_refused_before_it_fills_it(tmp_path, monkeypatch):
    import shutil

    tarred(tmp_path / "a.tar", {"a": bytes(5000), "b": bytes(5000)})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9999, 0, 9999))
    with pytest.raises(DataError, match="more than the disk has room for; free space"):
        unpack_all(tmp_path)
    assert not (tmp_path / "b").exists()


def test_a_member_longer_than_it_says_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match=r"not as long as its archive says|cannot be unpacked"):
        unpack_all(tmp_path)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2"])
@pytest.mark.parametrize("damage", ["garbage", "half", "flipped"])
def test_a_damaged_archive_is_one_line(tmp_path, name, damage):
    how = {"zip": None, "tar": "w"}.get(name.rsplit(".", 1)[-1], f"w:{name.rsplit('.', 1)[-1]}")
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(250))
    path = zipped(tmp_path / name, {"x": noise}) if how is None else tarred(tmp_path / name, {"x": noise}, how)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 3] ^= 255
    path.write_bytes(
        b"garbage" if damage == "garbage" else content[: len(content) // 2] if damage == "half" else content
    )
    try:
        unpack_all(tmp_path)
    except DataError as error:
        assert "\n" not in str(error) and "delete it to download it again" in str(error)
    else:  # a plain tar file has no checksum of content
        assert (name, damage) == ("a.tar", "flipped")


# In pieces


PIECES = ["v.tar.part.aa", "v.tar.part.ab", "v.tar.part.ac"]


@pytest.mark.parametrize(
    "names",
    [PIECES, ["v.tar.partaa", "v.tar.partab"], ["v.tar.000", "v.tar.001"], ["v.tar.1", "v.tar.2"], ["v.tar.aa"]],
)
def test_an_archive_in_pieces_is_unpacked_without_being_joined(tmp_path, names):
    clips = {f"videos/{n}.mp4": bytes([n]) * 3000 for n in range(4)}
    split(tarred(tmp_path / "v.tar", clips), 5000, names)
    unpack_all(tmp_path)
    assert clips == {str(p.relative_to(tmp_path)): p.read_bytes() for p in (tmp_path / "videos").iterdir()}
    assert not (tmp_path / "v.tar").exists()
    (tmp_path / "videos/0.mp4").write_bytes(b"kept")
    unpack_all(tmp_path)
    assert (tmp_path / "videos/0.mp4").read_bytes() == b"kept"


def test_a_zip_file_and_a_compressed_tar_may_come_in_pieces_too(tmp_path):
    split(zipped(tmp_path / "a.zip", {"a": b"A" * 999}), 300, ["a.zip.001", "a.zip.002", "a.zip.003"])
    split(tarred(tmp_path / "b.tar.gz", {"b": b"B" * 999}, "w:gz"), 40, ["b.tar.gz.part_aa", "b.tar.gz.part_ab"])
    unpack_all(tmp_path)
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"A" * 999, b"B" * 999]


@pytest.mark.parametrize(("gone", "said"), [(0, "the first is missing"), (1, "behind v.tar.part.aa is missing")])
def test_a_missing_piece_is_named(tmp_path, gone, said):
    split(tarred(tmp_path / "v.tar", {"v": bytes(20_000)}), 7000, PIECES)
    (tmp_path / PIECES[gone]).unlink()
    with pytest.raises(DataError, match=said):
        unpack_all(tmp_path)


def test_a_missing_last_piece_is_an_archive_that_ends_early(tmp_path):
    split(tarred(tmp_path / "v.tar", {"v": bytes(20_000)}), 7000, PIECES)
    (tmp_path / PIECES[2]).unlink()
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_all(tmp_path)


def test_pieces_are_read_as_one_file_from_any_place(tmp_path):
    for name, content in (("a", b"0123"), ("b", b""), ("c", b"456789")):
        (tmp_path / name).write_bytes(content)
    with io.BufferedReader(Joined([tmp_path / n for n in "abc"])) as file:
        assert (file.read(), file.seek(-3, io.SEEK_END), file.read(2), file.seek(3), file.read(4)) == (
            *(b"0123456789", 7, b"78", 3),
            b"3456",
        )


def test_what_only_looks_like_a_piece_is_none(tmp_path):
    for name in ("notes.part.txt", "v.tarpaulin", "clip.mp4.part", "x.zipper"):
        (tmp_path / name).write_bytes(b"x")
    assert archives(tmp_path) == []


# Pickles


def test_a_pickle_is_never_read_as_rows(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    for name in ("rows.pkl", "rows.pt", "rows.npy"):
        (tmp_path / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(DataError, match="rows are read from"):
            data.read_table(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_no_source_asks_a_library_to_load_pickles_or_foreign_code():
    from pathlib import Path

    root = Path(__file__).resolve().parents[1]
    for path in [*(root / "sailbench").rglob("*.py"), *(root / "tasks").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for word in ("read_pickle", "allow_pickle=True", "weights_only=False", "trust_remote_code=True", "joblib.load"):
            assert word not in text, f"{path.name}: {word}"
