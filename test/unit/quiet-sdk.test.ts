import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { quietSdk, sdk } from "../../setup/quietSdk";

describe("Pulumi's SDK in the program", () => {
    const { log, resource, promises } = sdk;
    const before = { debug: log.debug, callsites: resource.callsites, promise: promises.debuggablePromise };
    const restore = () => {
        log.debug = before.debug;
        resource.callsites = before.callsites;
        promises.debuggablePromise = before.promise;
        delete process.env.PULUMI_DEBUG_PROMISE_LEAKS;
    };
    afterEach(restore);

    /** How many stack traces are taken while a resource is registered. */
    async function registering(): Promise<number> {
        await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
        let traces = 0;
        const prepare = Error.prepareStackTrace;
        Error.prepareStackTrace = (_error, frames) => {
            if (frames.length > 0) traces += 1;
            return "Error";
        };
        try {
            const made = new pulumi.ComponentResource("test:index:Thing", "thing");
            await new Promise((resolve) => made.urn.apply(resolve));
        } finally {
            Error.prepareStackTrace = prepare;
        }
        return traces;
    }

    it("says nothing for its own developers, and takes no stack traces", async () => {
        let said = 0;
        log.debug = async () => void (said += 1);
        assert.ok((await registering()) > 5);
        assert.ok(said > 2);
        const before = said;
        quietSdk();
        assert.equal(await registering(), 0);
        assert.equal(said, before);
    });

    it("finds promises that never end all the same", () => {
        quietSdk();
        const { leakedPromises } = promises as unknown as { leakedPromises(): [Set<Promise<unknown>>, string] };
        const forgotten = leakedPromises()[0].size;
        const endless = new Promise<void>(() => undefined);
        void promises.debuggablePromise(endless, "endless");
        const [leaked] = leakedPromises();
        assert.ok(leaked.has(endless), `beside ${forgotten}`);
    });

    it("is as it was for who asks it for the traces", async () => {
        process.env.PULUMI_DEBUG_PROMISE_LEAKS = "true";
        quietSdk();
        assert.equal(log.debug, before.debug);
        assert.ok((await registering()) > 5);
    });
});
