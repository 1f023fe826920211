export * from "./controlPlane";
export * from "./inTurn";
