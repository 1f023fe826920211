/**
 * How the wire format marks values (sdk/go/common/resource/properties.go and asset/*.go of pulumi/pulumi). The SDK has
 * them in runtime/rpc, which loads so much that each run would start 0.15 s later; a test compares both.
 */

/** The key, in an object, of what kind of value it stands for. */
export const specialSigKey = "4dabf18193072939515e22adb298388d";

export const specialAssetSig = "c44067f5952c0a294b673a41bacd8c17";
export const specialArchiveSig = "0def7320c3a5731c473e5ecbe6d01bc7";
export const specialSecretSig = "1b47061264138c4ac30d75fd1eb44270";
export const specialResourceSig = "5cf8f73096256a8f31e491e813e4eb8e";
export const specialOutputValueSig = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** The text that stands for an unknown value. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
