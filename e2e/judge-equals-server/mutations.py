"""Cases: the manifests of this repository, and each of them with one thing changed.

A case is a line of the judges' protocol. The same seed gives the same cases.
"""

import copy
import json
import pathlib
import random
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["testdata/rules/cases", "testdata/apiserver/enforced", "e2e/enforced/objects"]
SECTION = re.compile(r"^## (Bad|Good)\n+```yaml\n(.*?)^```$", re.M | re.S)
SEED = 1

# What a value is changed to, by its type; whatever isn't of its type is tried, too.
STRINGS = ["", "-Not.A_Name", "a" * 300, "1", "*"]
NUMBERS = [-1, 0, 70000, 2**31]
OTHERS = [None, True, 1, "text", [], {}]


def cases(number):
    """As many cases: each object once as it is, then changed ones. One in four is an update."""
    known = {json.dumps(document): document for document in documents()}
    originals = list(known.values())
    chosen = random.Random(SEED)
    lines = [{"object": document} for document in originals]
    changed = [(document, change) for document in originals for change in changes(document)]
    for document, change in chosen.sample(changed, min(len(changed), max(0, number - len(lines)))):
        case = {"object": changed_by(document, change)}
        if chosen.randrange(4) == 0:
            case["old"] = document
        lines.append(case)
    return [{"id": at, **case, "stored": True} for at, case in enumerate(lines[:number])]


def documents():
    """Every manifest of the rules' pages and of the folders of cases."""
    with tempfile.TemporaryDirectory() as folder:
        for page in sorted(ROOT.glob("rules/*/*.md")):
            for section, text in SECTION.findall(page.read_text()):
                pathlib.Path(folder, f"{page.stem}-{section}.yaml").write_text(text)
        yield from documents_of([folder, *FOLDERS])


def documents_of(folders):
    """Every manifest below some folders, as kubectl would send it."""
    command = ["cargo", "run", "--quiet", "--locked", "--example", "yaml_json", "--", *folders]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        text = line.split("\t", 2)[2]
        if not text.startswith("{") or "${" in text:
            continue
        document = json.loads(text)
        # How the objects of e2e/enforced tell their oldest minor.
        document.pop("since", None)
        is_list = str(document.get("kind")).endswith("List") and isinstance(document.get("items"), list)
        yield from document["items"] if is_list else [document]


# --- Changes ------------------------------------------------------------------------------------


def changes(document):
    """Pairs of a path and a value; `...` in place of a value takes the field away."""
    for path, value in places(document, ()):
        if path in ((), ("apiVersion",), ("kind",)):
            continue
        yield path, ...
        for other in values(value):
            if other != value or type(other) is not type(value):
                yield path, other


def places(value, path):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def values(value):
    if isinstance(value, str):
        return [*STRINGS, *OTHERS]
    if isinstance(value, int) and not isinstance(value, bool):
        return [*NUMBERS, *OTHERS]
    if isinstance(value, list):
        return [value + value[:1], value[::-1], value[1:], *OTHERS]
    if isinstance(value, dict):
        return [{**value, "bogus": 1}, *OTHERS]
    return [not value, *OTHERS]


def changed_by(document, change):
    path, value = change
    document = copy.deepcopy(document)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = copy.deepcopy(value)
    return document
