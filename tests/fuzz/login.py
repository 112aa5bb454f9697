"""Prints the header that lets in: login.py DIALECT DEMO_JSON BASE_URL."""

import base64
import json
import sys
import urllib.parse
import urllib.request


def token(member, base):
    """A token of transaction services."""
    login = {
        "authentication.partnerId": member["partner_id"],
        "merchant.username": member["username"],
        "authentication.sKey": member["secret_key"],
    }
    url = f"{base}/transactionServices/REST/v1/authToken"
    with urllib.request.urlopen(url, urllib.parse.urlencode(login).encode(), timeout=10) as answer:
        return json.load(answer)["AuthToken"]


def header(dialect, demo, base):
    match dialect:
        case "cashier":
            return f"X-Api-Key: {demo['api_key']}"
        case "v3":
            return f"Authorization: Bearer {demo['access_token']}"
        case "crypto":
            pair = f"{demo['user']}:{demo['api_key']}"
            return f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"
        case "transaction_services":
            return f"AuthToken: {token(demo, base)}"


if __name__ == "__main__":
    dialect, file, base = sys.argv[1:]
    with open(file, encoding="utf-8") as opened:
        print(header(dialect, json.load(opened)[dialect], base))
