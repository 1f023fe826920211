import * as fs from "node:fs";
import * as path from "node:path";

import type { TestStack } from "../harness";

/** `kubectl apply` of these objects. */
export async function apply(stack: TestStack, ...items: object[]): Promise<void> {
    const file = path.join(stack.home, "objects.json");
    fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await stack.kubectl("apply", "-f", file);
}
