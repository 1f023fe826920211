import assert from "node:assert/strict";

import { expiryWarnings, kubeletExpiries, kubeletWarnings } from "../../components/pki/expiry";

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
        assert.match(said[0], /authority etcd-ca ends on .*npm run rotate-ca/);
        assert.match(said[1], /hex-n1\/apiserver ends on .*`up` renews it/);
        assert.match(said[2], /kube-system\/metrics-server ended on/);
    });

    it("are silent while they are young, authorities of a short life too", () => {
        const short = { renewHours: 1, authorityHours: 48 };
        assert.deepEqual(expiryWarnings({ admin: days(0.1), "cluster-ca": days(0.3) }, short, now), []);
        assert.equal(expiryWarnings({ "cluster-ca": days(0.1) }, short, now).length, 1);
    });
});

describe("kubelets' certificates", () => {
    const certificate = (days: number) => ({
        generation: 1,
        begins: now / 1000 - (100 - days) * 86_400,
        ends: now / 1000 + days * 86_400,
    });
    const reports = {
        "hex-n1": { kubelet: { client: certificate(11), server: certificate(9) } },
        "hex-n2": { kubelet: { client: certificate(-1) } },
        "hex-n3": {},
    };

    it("are named when the kubelet should have renewed them, and when they have ended", () => {
        const said = kubeletWarnings(reports, now);
        assert.equal(said.length, 2);
        assert.match(said[0], /^The kubelet's server certificate of hex-n1 ends on 2030-01-10T00:00:00Z: .*approver/);
        assert.match(said[1], /^The kubelet's client certificate of hex-n2 ended on .*`up` lets the node join anew/);
    });

    it("stand beside the cluster's, with the node's name", () => {
        assert.deepEqual(Object.keys(kubeletExpiries(reports)), [
            "hex-n1/kubelet-client",
            "hex-n1/kubelet-server",
            "hex-n2/kubelet-client",
        ]);
    });
});
