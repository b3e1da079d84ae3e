"""The four worked examples of AWS's "Signature Calculations for the Authorization Header:
Transferring Payload in a Single Chunk", with the published signatures."""

import hashlib
import unittest
from datetime import datetime, timezone

from sigv4 import EMPTY_SHA256, encode_path, encode_query, sign

HOST = "examplebucket.s3.amazonaws.com"


def signature(method, key, query=(), headers=None, body=b""):
    signed = sign(
        method,
        encode_path(key),
        encode_query(query),
        {"Host": HOST, **(headers or {})},
        hashlib.sha256(body).hexdigest(),
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        now=datetime(2013, 5, 24, tzinfo=timezone.utc),
    )
    return signed["Authorization"]


class PublishedExamples(unittest.TestCase):
    def test_get_object_with_a_range(self):
        self.assertEqual(
            signature("GET", "test.txt", headers={"Range": "bytes=0-9"}),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        )

    def test_put_object_whose_key_needs_encoding(self):
        headers = {
            "Date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
        }
        self.assertTrue(
            signature(
                "PUT", "test$file.text", headers=headers, body=b"Welcome to Amazon S3."
            ).endswith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        )

    def test_get_bucket_lifecycle_a_parameter_without_a_value(self):
        self.assertTrue(
            signature("GET", "", query=[("lifecycle", "")]).endswith(
                "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            )
        )

    def test_list_objects_with_two_parameters(self):
        self.assertTrue(
            signature("GET", "", query=[("prefix", "J"), ("max-keys", "2")]).endswith(
                "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            )
        )


class Encoding(unittest.TestCase):
    def test_a_path_keeps_slashes_and_encodes_the_rest_once(self):
        self.assertEqual(encode_path("b/pod 1/ü+%/.."), "/b/pod%201/%C3%BC%2B%25/..")

    def test_a_query_is_ordered_and_encodes_slashes(self):
        self.assertEqual(
            encode_query([("prefix", "a/b c"), ("list-type", "2")]), "list-type=2&prefix=a%2Fb%20c"
        )

    def test_a_session_token_is_sent_and_signed(self):
        headers = sign(
            "GET",
            "/",
            "",
            {"Host": HOST},
            EMPTY_SHA256,
            access_key="A",
            secret_key="S",
            region="us-east-1",
            now=datetime(2013, 5, 24, tzinfo=timezone.utc),
            session_token="T",
        )
        self.assertEqual(headers["x-amz-security-token"], "T")
        self.assertIn(";x-amz-security-token,", headers["Authorization"])


if __name__ == "__main__":
    unittest.main()
