// A relying party on openid-client. It first prints its public keys; then it reads one line of
// JSON that says what to do, prints where the person has to go, reads where they came back to,
// and prints what it got. Every line is one JSON value.
import "./webcrypto.mjs";
import { createInterface } from "node:readline";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const print = (value) => console.log(JSON.stringify(value));

const own = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", own.publicKey);
print({ keys: [{ kty, crv, x, y, kid: "own", alg: "ES256", use: "sig" }] });
const signingKey = { key: own.privateKey, kid: "own" };

const told = await read();
const proof = told.secret ? client.ClientSecretBasic(told.secret) : told.public ? client.None() : client.PrivateKeyJwt(signingKey);
const metadata = { id_token_signed_response_alg: told.alg ?? "ES256", ...told.metadata };
const config = await client.discovery(new URL(told.issuer), told.client_id, metadata, proof, {
  execute: [client.allowInsecureRequests],
});
const dpop = told.dpop ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) } : undefined;

// Everything that tokens are good for.
async function use(tokens) {
  const claims = tokens.claims();
  const got = { claims, token_type: tokens.token_type, scope: tokens.scope };
  got.userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, dpop);
  if (tokens.refresh_token) {
    const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, dpop);
    got.refreshed = again.claims();
    await client.fetchUserInfo(config, again.access_token, claims.sub, dpop);
    if (!told.public) {
      got.introspected = await client.tokenIntrospection(config, again.access_token);
    }
    await client.tokenRevocation(config, again.refresh_token ?? tokens.refresh_token);
  }
  if (tokens.id_token && told.back) {
    got.end = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: told.back, state: "bye" });
  }
  return got;
}

// What came back: an address, or a form that was sent to one.
function landed({ url, form }) {
  if (form === undefined) return new URL(url);
  return new Request(url, { method: "POST", body: form, headers: { "content-type": "application/x-www-form-urlencoded" } });
}

const flows = {
  async code() {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const expectedState = client.randomState();
    const expectedNonce = client.randomNonce();
    let parameters = new URLSearchParams({
      redirect_uri: told.redirect_uri, scope: told.scope, state: expectedState, nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
      ...told.parameters,
    });
    if (told.hybrid) client.useCodeIdTokenResponseType(config);
    if (told.jarm) client.useJwtResponseMode(config);
    if (told.nonrepudiation) client.enableNonRepudiationChecks(config);
    if (told.jar) parameters = (await client.buildAuthorizationUrlWithJAR(config, parameters, signingKey)).searchParams;
    const url = told.par
      ? await client.buildAuthorizationUrlWithPAR(config, parameters, dpop)
      : client.buildAuthorizationUrl(config, parameters);
    print({ url });
    const checks = { pkceCodeVerifier, expectedState, expectedNonce };
    return use(await client.authorizationCodeGrant(config, landed(await read()), checks, told.resource && { resource: told.resource }, dpop));
  },
  async implicit() {
    const expectedState = client.randomState();
    const expectedNonce = client.randomNonce();
    client.useIdTokenResponseType(config);
    print({ url: client.buildAuthorizationUrl(config, {
      redirect_uri: told.redirect_uri, scope: told.scope, state: expectedState, nonce: expectedNonce, ...told.parameters,
    }) });
    return { claims: await client.implicitAuthentication(config, landed(await read()), expectedNonce, { expectedState }) };
  },
  async device() {
    const begun = await client.initiateDeviceAuthorization(config, { scope: told.scope });
    print({ url: begun.verification_uri_complete, code: begun.user_code, at: begun.verification_uri });
    return use(await client.pollDeviceAuthorizationGrant(config, begun, undefined, dpop));
  },
  async ciba() {
    const begun = await client.initiateBackchannelAuthentication(config, {
      scope: told.scope, login_hint: told.login_hint, binding_message: told.binding_message,
    });
    print({ expires_in: begun.expires_in });
    return use(await client.pollBackchannelAuthenticationGrant(config, begun, undefined, dpop));
  },
};

try {
  print(await flows[told.flow]());
} catch (e) {
  print({ failure: `${e.code ?? e.name}: ${e.message}: ${e.error ?? ""} ${e.error_description ?? ""} ${JSON.stringify(e.cause) ?? ""}` });
}
process.exit(0);
