// A provider of OpenID Connect (npm's oidc-provider, a certified one), with people that a test makes up. Its first line
// on stdout is where it is; then it does what lines on stdin say, and answers each with `{}`.
//
//   node provider.mjs '{"clients": [...]}'
//   {"do": "person", "login": "ann", "groups": ["acme"], "mail": "ann@acme.test"}
//   {"do": "block", "login": "ann"}     whoever is blocked has no tokens and gets none
//   {"do": "rotate"}                    signs with another key from now on
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const { clients } = JSON.parse(process.argv[2]);
const people = new Map();
const blocked = new Set();

// Kept across rotations, as a provider's database is.
const stored = new Map();
class Adapter {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { stored.set(this.key(id), payload); }
  async find(id) {
    const payload = stored.get(this.key(id));
    return payload && blocked.has(payload.accountId) ? undefined : payload;
  }
  async findByUid(uid) { return [...stored.entries()].find(([key, payload]) => key.startsWith(`${this.model}:`) && payload.uid === uid)?.[1]; }
  async findByUserCode() { return undefined; }
  async destroy(id) { stored.delete(this.key(id)); }
  async revokeByGrantId(grant) { for (const [key, payload] of stored) if (payload.grantId === grant) stored.delete(key); }
  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
}

let number = 0;
function key() {
  number += 1;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${number}`, use: "sig", alg: "RS256" };
}

const server = createServer((request, response) => handler(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

function provider() {
  const made = new Provider(issuer, {
    adapter: Adapter,
    clients,
    jwks: { keys: [key()] },
    cookies: { keys: ["a test's"] },
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    ttl: { AccessToken: 600, IdToken: 300, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
    issueRefreshToken: async (context, client) => client.grantTypeAllowed("refresh_token"),
    async findAccount(context, login) {
      const person = people.get(login);
      if (!person || blocked.has(login)) return undefined;
      const { groups, mail } = person;
      const claims = { sub: `id-of-${login}`, name: login, preferred_username: login, groups, email: mail, email_verified: true };
      return { accountId: login, claims: async () => claims };
    },
  });
  return made.callback();
}
let handler = provider();

const commands = {
  person: ({ login, groups, mail }) => { people.set(login, { groups: groups ?? [], mail }); },
  block: ({ login }) => { blocked.add(login); },
  unblock: ({ login }) => { blocked.delete(login); },
  rotate: () => { handler = provider(); },
};

process.stdout.write(`${JSON.stringify({ issuer })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...rest } = JSON.parse(line);
  commands[name](rest);
  process.stdout.write("{}\n");
}
process.exit(0);
