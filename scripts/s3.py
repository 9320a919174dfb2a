"""An S3 server for tests and trials: moto, kept in memory, which asks for the right key.

s3.py PORT FILE     serves at 127.0.0.1:PORT; writes the environment of a client into FILE once it
                    answers: a user who may do everything in the bucket "seamline" and its
                    neighbours, one ("reader") who may only read

moto looks whether an object exists and then puts it, so two requests at once could both create one.
Here each request is answered as a whole before the next one, as S3 does for one object.
"""

import io
import json
import os
import sys
import threading

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "inf"

import boto3
import requests
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "seamline"

# A list takes as long as its bucket has objects, so tests that make many have a bucket of their own.
NEIGHBOURS = ["crashes", "kill", "protocol"]


class OneByOne:
    """Reads a request to its end, then answers it alone."""

    def __init__(self, application):
        self.application = application
        self.turn = threading.Lock()

    def __call__(self, environment, start):
        length = int(environment.get("CONTENT_LENGTH") or 0)
        body = environment["wsgi.input"].read(length)
        if len(body) < length:
            # The client has died: half an object is none.
            start("400 Bad Request", [("Content-Length", "0")])
            return []
        environment["wsgi.input"] = io.BytesIO(body)
        with self.turn:
            return list(self.application(environment, start))


class Handler(WSGIRequestHandler):
    """Keeps connections, and writes no line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


def user(endpoint, name, actions):
    """Makes a user who may do `actions` with the bucket; gives the key."""
    iam = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1",
                       aws_access_key_id="root", aws_secret_access_key="root")
    iam.create_user(UserName=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    }
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    return iam.create_access_key(UserName=name)["AccessKey"]


def prepare(port, path):
    endpoint = f"http://127.0.0.1:{port}"
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                      aws_access_key_id="root", aws_secret_access_key="root")
    for bucket in [BUCKET, *(f"{BUCKET}-{name}" for name in NEIGHBOURS)]:
        s3.create_bucket(Bucket=bucket)
    writer = user(endpoint, "writer", ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
    reader = user(endpoint, "reader", ["s3:ListBucket", "s3:GetObject"])
    # From here on every request must be signed with a key that is known.
    requests.post(f"{endpoint}/moto-api/reset-auth", data=b"0", timeout=10).raise_for_status()
    lines = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": writer["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": writer["SecretAccessKey"],
        "S3_READER_KEY_ID": reader["AccessKeyId"],
        "S3_READER_SECRET": reader["SecretAccessKey"],
        "S3_STORE": f"s3://{BUCKET}",
    }
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in lines.items())
    os.rename(f"{path}.new", path)


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    application = OneByOne(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    prepare(port, path)
    threading.Event().wait()


main()
