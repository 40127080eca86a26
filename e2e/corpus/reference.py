"""Compares findings with those that another validator wrote down, difference by difference."""

import os
import re

import tables

# What a kind of finding over there is called here. A name that is None is nothing that the
# API server minds: no rule is meant to find it.
COUNTERPARTS = {
    "unknown": ("unknown-field",),
    "type": ("wrong-type", "bad-quantity", "bad-time", "bad-base64"),
    "missing": ("missing-field",),
    "not-in-1.35": ("removed-api-version", "unknown-kind"),
    "dup-containerPort": ("duplicate-item",),
    "mount-without-volume": ("volume-mount-without-volume",),
    "sts-no-serviceName": None,
    "request-exceeds-limit": None,
}
STRUCTURAL = {rule for rules in COUNTERPARTS.values() if rules for rule in rules}
HEAD = ("side", "finding", "count", "explanation", "repository")
UNEXPLAINED = "UNEXPLAINED"


def compare(path, runs, folders, written):
    """Writes a table of all differences; complains of those that nothing explains."""
    rows = tables.read(path)
    ours = {}
    for repository, run in runs.items():
        for finding in run.report["findings"]:
            if finding["rule"] in STRUCTURAL:
                ours.setdefault((repository, finding["file"]), []).append(finding)
    met, differences, unexplained = set(), {}, []
    for row in rows:
        repository = row["repo"].replace("/", "+")
        here = [f for f in ours.get((repository, row["path"]), []) if same_object(row, f)]
        found = counterparts(row, here)
        met.update(map(id, found))
        if not found:
            why = reference_alone(row, runs.get(repository), here, folders.get(repository, ""))
            note(differences, ("reference", row["finding"], why), repository)
            if why == UNEXPLAINED:
                unexplained.append(f"only there: {'/'.join(row.values())}")
    for (repository, _), findings in ours.items():
        for finding in findings:
            if id(finding) not in met:
                why = kubevet_alone(finding)
                note(differences, ("kubevet", finding["rule"], why), repository)
                if why == UNEXPLAINED:
                    unexplained.append(f"only here: {repository}/{finding['file']} {finding['rule']} {finding['path']}")
    out = [
        (side, finding, count, why, repository)
        for (side, finding, why), at in sorted(differences.items())
        for repository, count in sorted(at.items())
    ]
    tables.write(written, HEAD, out)
    both = sum(id(finding) in met for findings in ours.values() for finding in findings)
    print(f"{len(rows)} rows over there, {sum(map(len, ours.values()))} findings here, {both} of them in both")
    return unexplained


def same_object(row, finding):
    """Documents count from 1 over there, and a comment before the first one doesn't count; here
    they count as kubectl splits them."""
    title = f"{finding['object']['kind']}/{finding['object']['name']}"
    return finding["document"] == int(row["document"]) - 1 or title == row["object"]


def note(differences, key, repository):
    at = differences.setdefault(key, {})
    at[repository] = at.get(repository, 0) + 1


def counterparts(row, findings):
    rules = COUNTERPARTS[row["finding"]]
    if rules is None:
        return []
    found = [finding for finding in findings if finding["rule"] in rules]
    if row["finding"] == "not-in-1.35":
        return found
    if row["finding"] == "dup-containerPort":
        return [finding for finding in found if row["field"] in finding["path"]]
    if row["finding"] == "mount-without-volume":
        return [finding for finding in found if f"`{row['detail']}`" in finding["message"]]
    return [finding for finding in found if plain(finding["path"]) == plain(row["field"])]


def plain(path):
    """A path without what the two write differently: keys of maps in brackets or after a dot."""
    return re.sub(r"\[(?!\d+\])([^\]]*)\]", r".\1", path)


def reference_alone(row, run, here, folder):
    """Why a row has no counterpart here."""
    if row["finding"] == "sts-no-serviceName":
        return "the API server accepts an empty serviceName"
    if row["field"] == "involvedObject":
        return "whether the API server asks for it hangs on the Event's namespace: nothing is said"
    if run is None:
        return UNEXPLAINED
    if any(is_validated(row, finding) for finding in run.report["findings"]):
        return "told as the server's validation tells it: invalid-value"
    for skipped in run.report["summary"]["skipped"]:
        if skipped["file"] == row["path"]:
            return "not a manifest: " + skipped["why"].split(":")[0]
    if row["object"].split("/")[0].endswith("List"):
        return "a list: kubectl unfolds it and never sends it"
    if any(finding["rule"] in COUNTERPARTS["not-in-1.35"] for finding in here):
        return "the version isn't served, so its fields aren't judged"
    if row["finding"] == "missing" and is_of_kustomization(os.path.join(folder, row["path"])):
        return "a kustomization changes it first, so nothing in it is missing for sure"
    rejected = (f for f in run.report["findings"] if f["file"] == row["path"] and (f.get("server") or {}).get("code") == 422)
    if row["finding"] == "missing" and any(same_object(row, finding) for finding in rejected):
        return "the server's validation rejects the object in other words"
    return UNEXPLAINED


def is_validated(row, finding):
    """Whether the server's validation says the same in words of its own."""
    if finding["rule"] != "invalid-value" or finding["file"] != row["path"]:
        return False
    if row["finding"] == "request-exceeds-limit":
        return "limit" in finding["message"]
    # The server names no index in lists of owners.
    of_list = re.compile(r"\[\d+\]")
    return of_list.sub("", plain(finding["path"])) == of_list.sub("", plain(row["field"]))


def is_of_kustomization(file):
    return os.path.exists(os.path.join(os.path.dirname(file), "kustomization.yaml"))


def kubevet_alone(finding):
    """Why a finding has no row over there."""
    group = finding["object"]["apiVersion"].rpartition("/")[0]
    if "." in group and not group.endswith(".k8s.io") or "x-k8s.io" in group:
        return "a custom resource: its definition in the repository says so"
    if finding["rule"] in ("bad-base64", "bad-quantity", "bad-time"):
        return "the server's decoder knows formats, the plain schema doesn't"
    if finding["rule"] == "missing-field" and finding["path"] == "roleRef.apiGroup":
        return "the schema requires it, the server sets it: a warning"
    if finding["rule"] == "missing-field":
        return "the server's validation asks for it, the plain schema doesn't"
    return UNEXPLAINED
