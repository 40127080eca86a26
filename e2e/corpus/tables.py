"""The tables about a corpus: what is found how often, and whether it is true."""

import collections
import csv
import hashlib
import os


def counts(reports, path):
    """Findings by repository, rule and severity."""
    table = collections.Counter()
    for repository, report in reports.items():
        for finding in report["findings"]:
            table[repository, finding["rule"], finding["severity"]] += 1
    rows = [(*key, count) for key, count in sorted(table.items())]
    write(path, ("repository", "rule", "severity", "findings"), rows)


def judgements(reports, judged, unjudged, path):
    """Joins the errors and warnings with what people said of them; complains of false ones and
    of those that nobody has looked at."""
    verdicts = {row["finding"]: row for row in read(judged)}
    table = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    new = []
    for repository, report in reports.items():
        for finding in report["findings"]:
            if finding["severity"] == "info":
                continue
            row = verdicts.get(identity(repository, finding))
            verdict = row["verdict"] if row else "unjudged"
            rule = finding["rule"], finding["severity"]
            table[rule][verdict] += 1
            if row:
                reasons[rule][row["why"]] += 1
            else:
                new.append((identity(repository, finding), *rule, repository, *shown(finding)))
    write(unjudged, ("finding", "rule", "severity", "repository", "file", "line", "path", "message"), new)
    rows = []
    for rule, found in sorted(table.items()):
        notes = "; ".join(f"{count} {why}" for why, count in sorted(reasons[rule].items()))
        rows.append((*rule, found["true"], found["false"], found["unjudged"], notes))
    write(path, ("rule", "severity", "true", "false", "unjudged", "notes"), rows)
    return [f"{rule[0]}: {c['false']} false, {c['unjudged']} unjudged" for rule, c in sorted(table.items()) if c["false"] or c["unjudged"]]


def shown(finding):
    return finding["file"], finding["start"]["line"], finding["path"], finding["message"]


def identity(repository, finding):
    """Names a finding without giving away what it is about."""
    parts = (repository, finding["file"], finding["rule"], finding["path"], str(finding["document"]), str(finding["start"]["byte"]))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def write(path, head, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
