import json
from urllib.request import urlopen

with urlopen("@BASE@/api/v1/certificates/@ID@") as answer:
    found = json.load(answer)
print(found["verdict"], found["standing"])
for check in found["checks"]:
    print(check["check"], check["result"], check["code"])
