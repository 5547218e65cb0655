"""A whole job: what lies where, that it can be told from the manifest, and that nothing else is touched."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from masquerade.datasets import LABELS
from masquerade.datasets.readers import read_voc
from masquerade.errors import DestinationUnusable, ImageNotFound, NoImages, PlanInvalid
from masquerade.image import read_image
from masquerade.masks import Plan
from masquerade.masks.batch import Recipe, new_job, read_entries, read_header
from masquerade.masks.batch.photo import chance_of
from masquerade.masks.drawing import Choice
from tests.masks.batch.made import contents, lines, recipe, run, small

OUTPUT = {
    # photo: image, mask and label below their folders
    "a.jpg": ("a.jpg", "a.png", "a.xml"),
    "b.v2 (1).JPEG": ("b.v2 (1).JPEG", "b.v2 (1).png", "b.v2 (1).xml"),
    # two that differ in nothing but the suffix
    "d.bmp": ("d.bmp.png", "d.bmp.png", "d.bmp.xml"),
    "d.tiff": ("d.tiff.png", "d.tiff.png", "d.tiff.xml"),
    "two words/deep/c.webp": ("two words/deep/c.webp", "two words/deep/c.png", "two words/deep/c.xml"),
    "two words/ünï 🙂.png": ("two words/ünï 🙂.png", "two words/ünï 🙂.png", "two words/ünï 🙂.xml"),
}


def test_the_tree_is_kept(done: Path) -> None:
    expected = {"manifest.jsonl", "failures.jsonl"}
    for image, mask, label in OUTPUT.values():
        expected |= {f"images/{image}", f"originals/{image}", f"masks/{mask}", f"labels/{label}"}
    assert set(contents(done)) == expected


def test_pictures_are_what_their_names_say(done: Path) -> None:
    kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    for image, mask, _ in OUTPUT.values():
        with Image.open(done / "images" / image) as picture, Image.open(done / "masks" / mask) as area:
            assert picture.format == kinds[Path(image).suffix.lower()]
            assert (area.format, area.mode, area.size) == ("PNG", "L", picture.size)
            assert set(np.unique(np.asarray(area))) == {0, 255}


def test_the_mask_is_where_the_photo_changed(done: Path, shots: Path) -> None:
    # PNG loses nothing, so that what differs is what was drawn
    bare = read_image(shots / "two words/ünï 🙂.png").astype(int)
    drawn = read_image(done / "images/two words/ünï 🙂.png").astype(int)
    area = read_image(done / "masks/two words/ünï 🙂.png")[..., 0] > 0
    change = np.abs(bare - drawn).max(axis=-1) > 8
    assert change[area].mean() > 0.8
    assert change[~area].mean() < 0.05


def test_originals_are_their_own_bytes_where_they_can_be(done: Path, shots: Path) -> None:
    for name in ("a.jpg", "b.v2 (1).JPEG", "two words/ünï 🙂.png", "two words/deep/c.webp"):
        assert (done / "originals" / name).read_bytes() == (shots / name).read_bytes()
    np.testing.assert_array_equal(read_image(done / "originals/d.bmp.png"), read_image(shots / "d.bmp"))


def test_the_manifest_tells_everything(done: Path, shots: Path) -> None:
    header = read_header(done / "manifest.jsonl")
    assert header.source == str(shots)
    assert header.recipe.choice == recipe().choice
    entries = list(read_entries(done / "manifest.jsonl"))
    assert [entry["photo"] for entry in entries] == list(OUTPUT)
    for entry in entries:
        assert entry["source"]["sha256"] == hashlib.sha256((shots / entry["photo"]).read_bytes()).hexdigest()
        image, mask, label = OUTPUT[entry["photo"]]
        for kind, path in (("image", f"images/{image}"), ("mask", f"masks/{mask}"), ("labels", f"labels/{label}")):
            content = (done / path).read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            assert entry[kind] == {"path": path, "bytes": len(content), "sha256": sha256}
        (face,) = entry["faces"]
        (plan,) = Plan.from_dict(entry["plan"]).masks
        assert (face["kind"], face["worn"], face["label"]) == (plan.kind, plan.worn, plan.label)
        assert face["visible"] == list(plan.visible)
        assert (entry["effort"], entry["library"]) == ("frame", None)
        with Image.open(shots / entry["photo"]) as photo:
            assert entry["size"] == [*photo.size]
        # landmark 152 is the tip of the chin, 10 the top of the forehead
        assert 152 in members(face["covered"])
        assert 10 not in members(face["covered"])
        assert (4 in members(face["covered"])) == (plan.worn == "correctly")


def members(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_failures_name_the_photos_without_a_mask(shots: Path, done: Path) -> None:
    torn, wall = lines(done / "failures.jsonl")
    assert (torn["photo"], torn["code"]) == ("torn.jpg", "image_damaged")
    assert wall.pop("sha256") == hashlib.sha256((shots / "wall.png").read_bytes()).hexdigest()
    assert wall == {"photo": "wall.png", "code": "no_face", "message": "no face was found"}


def test_the_projects_own_reader_takes_the_labels(done: Path) -> None:
    for folder, count in (("", 4), ("two words", 1), ("two words/deep", 1)):
        read = read_voc(done / "images" / folder, done / "labels" / folder, "made")
        assert len(read) == count
        for photo in read:
            name = photo.path.relative_to(done / "images").as_posix()
            (entry,) = [
                item for item in lines(done / "manifest.jsonl")[1:] if item["image"]["path"] == f"images/{name}"
            ]
            (face,) = entry["faces"]
            assert [LABELS[label] for label in photo.labels] == [face["label"]]
            np.testing.assert_allclose(photo.boxes_or_raise()[0], face["box"], atol=1)


def test_each_photo_has_its_own_chance(shots: Path, done: Path, tmp_path: Path) -> None:
    shutil.copytree(shots / "two words", tmp_path / "in" / "two words")
    run(tmp_path / "in", tmp_path / "out", pairs=True)
    alone, among = contents(tmp_path / "out"), contents(done)
    for name in ("images/two words/ünï 🙂.png", "images/two words/deep/c.webp"):
        assert alone[name] == among[name]
    plans = [json.dumps(entry["plan"]) for entry in read_entries(done / "manifest.jsonl")]
    assert len(set(plans)) == len(plans)
    run(tmp_path / "in", tmp_path / "other", seed=1)
    assert contents(tmp_path / "other")["images/two words/ünï 🙂.png"] != alone["images/two words/ünï 🙂.png"]


def test_chance_is_the_same_everywhere() -> None:
    # Written down, so that it is noticed when a plan of today would not be drawn tomorrow.
    assert chance_of(7, "two words/ünï.jpg").random() == 0.843262316095015
    digest = hashlib.sha256("7\ntwo words/ünï.jpg".encode()).digest()
    assert np.random.default_rng(int(digest.hex()[:32], 16)).random() == 0.843262316095015


def test_an_upright_pair_of_a_photo_that_lies_on_its_side(photos: list[Path], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(small(photos[0], tmp_path / "in" / "a.jpg")) as photo:
        size = photo.size
        turned = photo.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "in" / "a.jpg", exif=exif)
    run(tmp_path / "in", tmp_path / "out", pairs=True)
    for folder in ("images", "originals"):
        with Image.open(tmp_path / "out" / folder / "a.jpg") as picture:
            assert picture.size == size
            assert not picture.getexif()


def test_faces_left_out_are_listed_and_labelled_bare(crowd: Path, tmp_path: Path) -> None:
    run(crowd, tmp_path / "all")
    (entry,) = read_entries(tmp_path / "all" / "manifest.jsonl")
    low, high = sorted(max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (face["box"] for face in entry["faces"]))
    assert low < high
    choice = Choice(kinds=("surgical",), min_face=(low + high) / 2)
    summary = run(crowd, tmp_path / "big", choice=choice)
    (entry,) = read_entries(tmp_path / "big" / "manifest.jsonl")
    assert [face["label"] for face in entry["faces"]] == ["with_mask", "without_mask"]
    assert entry["faces"][1]["skipped"] == "face_too_small"
    (line,) = lines(tmp_path / "big" / "failures.jsonl")
    assert (line["photo"], line["face"], line["code"]) == ("crowd.png", 1, "face_too_small")
    assert line["box"] == entry["faces"][1]["box"]
    assert (summary.faces, summary.faces_masked, summary.failures, summary.trouble) == (2, 1, 1, 0)
    (read,) = read_voc(tmp_path / "big" / "images", tmp_path / "big" / "labels", "made")
    assert [LABELS[label] for label in read.labels] == ["with_mask", "without_mask"]

    summary = run(crowd, tmp_path / "none", choice=Choice(min_face=900))
    (line,) = lines(tmp_path / "none" / "failures.jsonl")
    assert (line["code"], [face["code"] for face in line["faces"]]) == ("all_faces_skipped", ["face_too_small"] * 2)
    assert set(contents(tmp_path / "none")) == {"manifest.jsonl", "failures.jsonl"}
    assert (summary.masked, summary.faces, summary.faces_masked) == (0, 2, 0)


def test_coco_says_the_same_as_the_masks(crowd: Path, tmp_path: Path) -> None:
    run(crowd, tmp_path / "out", labels="coco")
    coco = json.loads((tmp_path / "out" / "labels" / "coco.json").read_text())
    (image,) = coco["images"]
    assert image == {"id": 1, "file_name": "crowd.png", "width": 420, "height": 260}
    names = {item["id"]: item["name"] for item in coco["categories"]}
    faces = [item for item in coco["annotations"] if names[item["category_id"]] != "mask"]
    masks = [item for item in coco["annotations"] if names[item["category_id"]] == "mask"]
    assert (len(faces), len(masks)) == (2, 2)
    assert [item["id"] for item in coco["annotations"]] == [1, 2, 3, 4]
    (entry,) = read_entries(tmp_path / "out" / "manifest.jsonl")
    assert [names[item["category_id"]] for item in faces] == [face["label"] for face in entry["faces"]]
    union = np.zeros((260, 420), bool)
    for item in masks:
        area = decoded(item["segmentation"])
        ys, xs = np.nonzero(area)
        assert item["area"] == area.sum()
        assert item["bbox"] == [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
        union |= area
    with Image.open(tmp_path / "out" / "masks" / "crowd.png") as picture:
        np.testing.assert_array_equal(union, np.asarray(picture) > 0)


def decoded(segmentation: dict[str, Any]) -> np.ndarray[Any, Any]:
    """COCO's run lengths, as its paper says: columns first, zeros first."""
    height, width = segmentation["size"]
    flat: list[bool] = []
    for number, count in enumerate(segmentation["counts"]):
        flat += [number % 2 == 1] * count
    flat += [False] * (height * width - len(flat))
    return np.array(flat).reshape(width, height).T


def test_no_labels(crowd: Path, tmp_path: Path) -> None:
    run(crowd, tmp_path / "out", labels="none")
    expected = {"manifest.jsonl", "failures.jsonl", "images/crowd.png", "masks/crowd.png"}
    assert set(contents(tmp_path / "out")) == expected


def test_a_texture_is_named_by_its_hash(crowd: Path, tmp_path: Path) -> None:
    texture = tmp_path / "cloth, red.png"
    Image.fromarray(np.full((32, 32, 3), (200, 20, 30), np.uint8)).save(texture)
    choice = Choice(kinds=("cloth",), patterns=("texture",), textures=(str(texture),))
    run(crowd, tmp_path / "out", choice=choice)
    header = read_header(tmp_path / "out" / "manifest.jsonl")
    assert header.recipe.textures == {str(texture): hashlib.sha256(texture.read_bytes()).hexdigest()}
    texture.unlink()
    with pytest.raises(ImageNotFound, match="cloth, red"):
        run(crowd, tmp_path / "again", choice=choice)


def test_a_picture_too_long_for_its_format(tmp_path: Path, photos: list[Path]) -> None:
    # Pillow goes by the content: a PNG in a name that is written as WebP, which ends at 16383
    sheet = Image.new("RGB", (16400, 200))
    with Image.open(small(photos[0], tmp_path / "a.png", 200)) as face:
        sheet.paste(face)
    (tmp_path / "in").mkdir()
    sheet.save(tmp_path / "in" / "long.webp", "PNG", compress_level=1)
    shutil.copy(tmp_path / "a.png", tmp_path / "in" / "a.png")
    summary = run(tmp_path / "in", tmp_path / "out", effort="photo")
    (line,) = lines(tmp_path / "out" / "failures.jsonl")
    assert (line["photo"], line["code"]) == ("long.webp", "image_too_large")
    assert (summary.masked, summary.trouble) == (1, 1)


INSIDE = [
    # the source itself, a folder in it, one that is not there yet, by another way
    ".",
    "sub",
    "new/deeper",
    "sub/../new",
]


@pytest.mark.parametrize("below", INSIDE)
def test_a_destination_among_the_photos(shots: Path, tmp_path: Path, below: str) -> None:
    source = tmp_path / "in"
    shutil.copytree(shots / "two words", source / "sub")
    before = contents(tmp_path)
    with pytest.raises(DestinationUnusable, match="inside the source"):
        run(source, source / below)
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(DestinationUnusable, match="inside the source"):
        run(source, tmp_path / "link" / "new")
    (tmp_path / "link").unlink()
    assert contents(tmp_path) == before


def test_a_destination_whose_parts_are_the_photos(shots: Path, tmp_path: Path) -> None:
    shutil.copytree(shots, tmp_path / "images")
    before = contents(tmp_path)
    with pytest.raises(DestinationUnusable, match="overlaps the source"):
        run(tmp_path / "images", tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "images").symlink_to(tmp_path / "images" / "two words")
    with pytest.raises(DestinationUnusable, match="overlaps the source"):
        run(tmp_path / "images", tmp_path / "out")
    (tmp_path / "out" / "images").unlink()
    assert contents(tmp_path) == before


def test_a_hidden_folder_is_not_read_as_photos(shots: Path, tmp_path: Path) -> None:
    shutil.copytree(shots / "two words", tmp_path / "in")
    assert run(tmp_path / "in", tmp_path / "in" / ".out").masked == 2
    assert run(tmp_path / "in", tmp_path / "in" / ".more").photos == 2


def test_what_others_wrote_is_left_alone(crowd: Path, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "crowd.png").write_bytes(b"somebody's")
    for resume in (False, True):
        with pytest.raises(DestinationUnusable, match="holds masks, which no known job wrote"):
            run(crowd, tmp_path, resume=resume)
    assert contents(tmp_path) == {"masks/crowd.png": b"somebody's"}


def test_one_photo_as_a_job(crowd: Path, tmp_path: Path) -> None:
    shutil.copy(crowd / "crowd.png", tmp_path / "one.png")
    shutil.copy(crowd / "crowd.png", tmp_path / "other.png")
    run(tmp_path / "one.png", tmp_path / "out")
    assert [entry["photo"] for entry in read_entries(tmp_path / "out" / "manifest.jsonl")] == ["one.png"]


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match="neither a photo nor a folder"):
        run(tmp_path / "none", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoImages):
        run(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_words_that_mean_nothing() -> None:
    with pytest.raises(PlanInvalid, match="labels: expected one of voc, coco, none"):
        Recipe(labels="yolo")  # type: ignore[arg-type]
    with pytest.raises(PlanInvalid, match="effort"):
        Recipe(effort="hard")  # type: ignore[arg-type]


def test_names_of_bytes_that_are_no_text(crowd: Path, tmp_path: Path) -> None:
    name = b"\xff\xfe byte.png".decode("utf-8", "surrogateescape")
    (tmp_path / "in").mkdir()
    shutil.copy(crowd / "crowd.png", tmp_path / "in" / name)
    run(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / "images" / name).exists()
    (entry,) = read_entries(tmp_path / "out" / "manifest.jsonl")
    assert entry["photo"] == name


def test_a_job_lists_before_it_works(shots: Path, tmp_path: Path) -> None:
    job = new_job(shots, tmp_path / "out", recipe())
    assert list(job.tasks) == sorted([*OUTPUT, "torn.jpg", "wall.png"], key=str.encode)
    assert not (tmp_path / "out").exists()


def test_png_holds_what_was_drawn(crowd: Path, tmp_path: Path) -> None:
    run(crowd, tmp_path / "out")
    with Image.open(io.BytesIO((tmp_path / "out" / "images" / "crowd.png").read_bytes())) as picture:
        assert (picture.mode, picture.size) == ("RGB", (420, 260))


def test_a_photo_that_was_replaced_is_done_again(shots: Path, tmp_path: Path) -> None:
    """By one of the same size in bytes, and one that showed nothing by one that shows a face."""
    source, place = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    shutil.copy(shots / "wall.png", source / "was_wall.png")
    shutil.copy(shots / "a.jpg", source / "a.jpg")
    assert run(source, place).masked == 1
    shutil.copy(shots / "a.jpg", source / "was_wall.png")
    content = bytearray((source / "a.jpg").read_bytes())
    content[-3] ^= 1
    (source / "a.jpg").write_bytes(content)
    assert run(source, place, resume=True).masked == 2
    noted = {entry["photo"]: entry["source"]["sha256"] for entry in read_entries(place / "manifest.jsonl")}
    assert noted["a.jpg"] == hashlib.sha256(content).hexdigest()


def test_what_lies_in_the_destination_is_no_source(shots: Path, tmp_path: Path) -> None:
    """A link from the source to a folder above the destination."""
    source, place = tmp_path / "job" / "in", tmp_path / "job" / "out"
    source.mkdir(parents=True)
    shutil.copy(shots / "a.jpg", source / "a.jpg")
    (source / "up").symlink_to(tmp_path / "job", target_is_directory=True)
    first = run(source, place)
    again = run(source, place, resume=True)
    assert (first.photos, again.photos) == (first.masked, first.photos)
