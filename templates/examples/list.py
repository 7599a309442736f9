import json
from urllib.request import Request, urlopen

questions = [
    {"certificate": "@NUMBER@", "level": "@LEVEL@"},
    {"certificate": "@MARK@"},
]
request = Request(
    "@BASE@/api/v1/verifications?as_of=@DAY@",
    data="\n".join(map(json.dumps, questions)).encode(),
    headers={"content-type": "application/x-ndjson"},
)
last = {}
with urlopen(request) as lines:
    for last in map(json.loads, lines):
        if "line" in last:
            print(last["line"], last["asked"], last["verdict"], last["standing"])
if not last.get("end"):
    raise SystemExit(f"broken off: {last.get('problem')}")
print(last["answers"], "answers,", last["differences"], "differences")
