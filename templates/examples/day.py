import json
from urllib.request import urlopen

with urlopen("@BASE@/api/v1/certificates/@ID@?as_of=@DAY@") as answer:
    found = json.load(answer)
print(found["as_of"], found["verdict"], found["standing"])
