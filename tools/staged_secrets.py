"""Credentials in staged files, by file name and by pattern."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

# Files that hold nothing but credentials.
NAMES = re.compile(
    r"kaggle\.json|access_token|credentials|[._]netrc|[._]?pgpass|\.env|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519)|.+\.(?:pem|p12|pfx|key)"
)
DVC = (".dvc/config.local", ".dvc/tmp/")
KINDS = {
    "a Kaggle token": re.compile(rb"KGAT_[0-9A-Za-z]{20,}"),
    "a Kaggle key": re.compile(rb"""(?:"key"|KAGGLE_KEY|KAGGLE_API_TOKEN)["'\]]{0,2}\s*[:=]\s*["']?[0-9a-f]{32}\b"""),
    "an AWS access key": re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an AWS secret key": re.compile(rb"(?i)secret_?access_?key[\"']?\s*[:=]\s*[\"']?[0-9A-Za-z/+]{40}\b"),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "a password for a machine": re.compile(rb"\bmachine\s+\S+\s+login\s+\S+\s+password\s+\S+"),
    "a token of GitHub": re.compile(rb"\b(?:gh[opusr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{50,})"),
    "a token of GitLab": re.compile(rb"\bglpat-[0-9A-Za-z_-]{20,}"),
    "a token of Hugging Face": re.compile(rb"\bhf_[0-9A-Za-z]{30,}"),
    "a key of Google": re.compile(rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    "an account key of Azure": re.compile(rb"AccountKey=[0-9A-Za-z+/]{40,}"),
}
# In .dvc/config, which is in git; `dvc remote modify --local` writes .dvc/config.local, which is not.
REMOTE = re.compile(
    rb"(?m)^\s*(?:password|passphrase|access_key_id|secret_access_key|session_token|\w*secret\w*|\w*token|account_key"
    rb"|connection_string|sas_token)\s*=\s*\S|://[^/\s:@]+:[^/\s@]+@"
)


def findings(path: str, content: bytes) -> Iterator[str]:
    """Yield file, line number and kind of each credential, without the credential itself."""
    if NAMES.fullmatch(PurePosixPath(path).name) or path.startswith(DVC):
        yield f"{path}: a file for credentials, which must stay out of git"
    kinds = KINDS | ({"a credential: `dvc remote modify --local`": REMOTE} if path == ".dvc/config" else {})
    for what, pattern in kinds.items():
        for found in pattern.finditer(content):
            yield f"{path}:{line_of(content, found)}: {what}"


def line_of(content: bytes, found: re.Match[bytes]) -> int:
    """Return the number of the line in which a match begins."""
    return content.count(b"\n", 0, found.start()) + 1
