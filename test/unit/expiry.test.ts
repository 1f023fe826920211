import assert from "node:assert/strict";

import { expiryWarnings } from "../../components/pki/expiry";

const now = Date.parse("2030-01-01T00:00:00Z");
const days = (count: number) => new Date(now + count * 86_400_000).toISOString();
const year = { renewHours: 2190, authorityHours: 87600 };

describe("certificates that end", () => {
    it("are named when `up` should have renewed them, and authorities a year before", () => {
        const expiries = {
            admin: days(92),
            "cluster-ca": days(366),
            "etcd-ca": days(364),
            "hex-n1/apiserver": days(90),
            "kube-system/metrics-server": days(-1),
        };
        const said = expiryWarnings(expiries, year, now);
        assert.equal(said.length, 3);
        assert.match(said[0], /authority etcd-ca ends on .*cluster\.certificates\.generation/);
        assert.match(said[1], /hex-n1\/apiserver ends on .*`up` renews it/);
        assert.match(said[2], /kube-system\/metrics-server ended on/);
    });

    it("are silent while they are young, authorities of a short life too", () => {
        const short = { renewHours: 1, authorityHours: 48 };
        assert.deepEqual(expiryWarnings({ admin: days(0.1), "cluster-ca": days(0.3) }, short, now), []);
        assert.equal(expiryWarnings({ "cluster-ca": days(0.1) }, short, now).length, 1);
    });
});
