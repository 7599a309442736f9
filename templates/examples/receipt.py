import json
from urllib.request import Request, urlopen

question = {"certificate": "@NUMBER@", "level": "@LEVEL@"}
body = {"reference": "example-118", "as_of": "@DAY@", "certificates": [question]}
request = Request(
    "@BASE@/api/v1/receipts",
    data=json.dumps(body).encode(),
    headers={"content-type": "application/json"},
)
with urlopen(request) as answer:
    receipt = answer.read()
with open("receipt.json", "wb") as file:
    file.write(receipt)
print(json.loads(receipt)["id"])
