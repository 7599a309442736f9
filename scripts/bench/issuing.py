"""A decision of these days, and a token to hand it in with."""

import datetime
import json
import subprocess

import yardstick as y


def decision():
    """The sample as JSON, of these days, with room for {reference}, {holder} and {uscc}."""
    china = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)
    day = lambda back: str((china - datetime.timedelta(days=back)).date())
    sample = json.loads((y.ROOT / "docs/samples/decision.json").read_text())
    sample.update(on_site_ended_on=day(20), decided_on=day(3), issued_on=day(1), reference="{reference}")
    sample.pop("number", None)
    sample["holder"].update(name="{holder}", uscc="{uscc}")
    return json.dumps(sample, ensure_ascii=False)


def token(binary, data, *roles):
    """The secret of a new token."""
    command = [binary, "--data", data, "token", "new", "bench", "--json"]
    for role in roles:
        command += ["--role", role]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["token"]
