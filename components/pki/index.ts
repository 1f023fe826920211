export * from "./certificates";
export * from "./pki";
export { expiryWarnings } from "./expiry";
