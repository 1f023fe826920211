export * from "./certificates";
export * from "./pki";
export { expiryWarnings, kubeletWarnings } from "./expiry";
export { trustedBy, wordOf, type Generations } from "./generations";
