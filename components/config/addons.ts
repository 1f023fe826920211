import { z } from "zod";

/** `slipway:addons`: services of the cluster beyond network and names; one that isn't named isn't there. */
export const addonsSchema = z.strictObject({});
