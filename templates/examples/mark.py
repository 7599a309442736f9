import json
from urllib.request import urlopen

with urlopen("@BASE@/api/v1/marks/@MARK@") as answer:
    found = json.load(answer)
print(found["verdict"], found["standing"])
