"""Which keys content is encrypted under before it leaves the process."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from google_adk_aws._encryption.messages import Messages

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Encryption"]

_KEY_BYTES: Final = 32
_NAMESPACE: Final = "google-adk-aws"
_KEY_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]+:key/[A-Za-z0-9-]+")


class Encryption:
    """Encrypts content before it is sent and decrypts what is loaded, by the AWS Encryption SDK (extra `encryption`).

    A ciphertext is bound to app, user, session, filename, kind, MIME type and display name: copied to another name
    it is not decrypted. Names, descriptions, custom metadata and sizes are not encrypted.

    To be made once, by one of the `with_…`, and shared: the first one imports the SDK, which takes a second or more.

    Attributes:
        accept_plain: Whether content that is not encrypted is loaded, too. Only as long as there are versions from
            before: with it, whoever can write to the store can put any content there.
        messages: For this package.
    """

    def __init__(self, messages: Messages, *, shown: str, accept_plain: bool) -> None:
        self.messages = messages
        self.accept_plain = accept_plain
        self._shown = shown

    @classmethod
    def with_key(
        cls,
        key: bytes,
        *,
        name: str = "artifacts",
        previous: Mapping[str, bytes] | None = None,
        accept_plain: bool = False,
    ) -> Self:
        """Encrypts under a key of one's own.

        Args:
            key: 32 random bytes, e.g. of `secrets.token_bytes(32)`. Without it nothing can be read again.
            name: Its name, which the ciphertext has in its header. A new key needs a new one.
            previous: Earlier keys by their names, which still decrypt.
            accept_plain: See the class.

        Raises:
            ValueError: A key has not 32 bytes, or a name is used twice.
            ImportError: The extra `encryption` is not installed.
        """
        earlier = dict(previous or {})
        if name in earlier:
            raise ValueError(f"the new key and a previous one have the same name, {name!r}")
        # By a view: of text there is none, and `bytes(32)` would be a key, too.
        keys = {each: memoryview(value).tobytes() for each, value in {name: key, **earlier}.items()}
        for each, value in keys.items():
            if len(value) != _KEY_BYTES:
                raise ValueError(f"the key {each!r} must be {_KEY_BYTES} bytes")
        sdk = _Sdk()
        first, *others = [sdk.raw_keyring(each, value) for each, value in keys.items()]
        # Signatures tell who encrypted from who may only decrypt; a key of one's own does both.
        messages = sdk.messages(first, [first, *others], signed=False, max_data_keys=1)
        return cls(messages, shown=f"key {name!r}", accept_plain=accept_plain)

    @classmethod
    def with_kms(
        cls, key_arn: str, *, previous: Sequence[str] = (), client: Any | None = None, accept_plain: bool = False
    ) -> Self:
        """Encrypts under data keys of an AWS KMS key: one call of `GenerateDataKey` or `Decrypt` for each content.

        Args:
            key_arn: The key's ARN; no alias, since an alias can be given to another key.
            previous: ARNs of earlier keys, which still decrypt.
            client: A boto3 client of KMS; by default one of the key's region with the usual credentials.
            accept_plain: See the class.

        Raises:
            ValueError: An ARN is not one of a KMS key.
            ImportError: The extra `encryption` is not installed.
        """
        arns = [key_arn, *previous]
        for arn in arns:
            if not _KEY_ARN.fullmatch(arn):
                raise ValueError(f"{arn!r} is not the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")
        sdk = _Sdk()
        first, *others = [sdk.kms_keyring(arn, client) for arn in arns]
        messages = sdk.messages(first, [first, *others], signed=True, max_data_keys=1)
        return cls(messages, shown=key_arn, accept_plain=accept_plain)

    @classmethod
    def with_keyring(cls, keyring: Any, *, max_encrypted_data_keys: int = 1, accept_plain: bool = False) -> Self:
        """Encrypts under any keyring of the AWS Cryptographic Material Providers Library.

        Args:
            keyring: An `IKeyring`, e.g. a multi-keyring or one of multi-Region keys.
            max_encrypted_data_keys: How many keys a ciphertext may be encrypted under.
            accept_plain: See the class.

        Raises:
            ImportError: The extra `encryption` is not installed.
        """
        messages = _Sdk().messages(keyring, [keyring], signed=True, max_data_keys=max_encrypted_data_keys)
        return cls(messages, shown=type(keyring).__name__, accept_plain=accept_plain)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown})"


class _Sdk:
    """The SDK, imported when it is needed first."""

    def __init__(self) -> None:
        try:
            import aws_encryption_sdk  # noqa: PLC0415 - it takes a second or more
            from aws_cryptographic_material_providers.mpl import (  # noqa: PLC0415
                AwsCryptographicMaterialProviders,
                config,
                models,
            )
            from aws_encryption_sdk import identifiers  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "encryption needs the AWS Encryption SDK: pip install 'google-adk-aws[encryption]'"
            ) from error
        self._sdk = aws_encryption_sdk
        self._identifiers = identifiers
        self._models = models
        self._providers = AwsCryptographicMaterialProviders(config=config.MaterialProvidersConfig())

    def raw_keyring(self, name: str, key: bytes) -> Any:
        return self._providers.create_raw_aes_keyring(
            self._models.CreateRawAesKeyringInput(
                key_namespace=_NAMESPACE,
                key_name=name,
                wrapping_key=key,
                wrapping_alg=self._models.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
            )
        )

    def kms_keyring(self, arn: str, client: Any | None) -> Any:
        import boto3  # noqa: PLC0415 - comes with the SDK

        if client is None:
            client = boto3.client("kms", region_name=arn.split(":")[3])
        return self._providers.create_aws_kms_keyring(
            self._models.CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=client)
        )

    def messages(self, encrypting: Any, decrypting: Sequence[Any], *, signed: bool, max_data_keys: int) -> Messages:
        suites = self._identifiers.AlgorithmSuite
        either = decrypting[0]
        if len(decrypting) > 1:
            either = self._providers.create_multi_keyring(
                self._models.CreateMultiKeyringInput(generator=None, child_keyrings=list(decrypting))
            )
        client = self._sdk.EncryptionSDKClient(
            commitment_policy=self._identifiers.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
            max_encrypted_data_keys=max_data_keys,
        )
        return Messages(
            client,
            suite=(
                suites.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
                if signed
                else suites.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
            ),
            encrypting=encrypting,
            decrypting=either,
        )
