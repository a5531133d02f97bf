import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { carryApprovals } from '../../lambdas/domain/approval/carry-approvals.ts';
import { beginNextRound } from '../../lambdas/domain/build/next-round.ts';
import { analysisKey } from '../../lambdas/domain/contract/build-result.ts';
import type { Planned } from '../../lambdas/domain/model/deployment.ts';
import { type Analysis, headlineOf } from '../../lambdas/domain/plan/analysis.ts';
import type { Configuration } from '../../lambdas/domain/plan/parity.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import type { ApprovalLink } from '../../lambdas/domain/ports.ts';
import { APPROVAL_SITE } from '../../lambdas/pages/approval-site.ts';
import { formNonce } from '../../lambdas/pages/form-nonce.ts';
import { pageHandler } from '../../lambdas/runtime/page-handler.ts';
import { CLIENT, JANE, type Name, PipelineWorld, STAFF } from '../api/pipeline-world.ts';
import { FakeStateReader } from '../fakes/fake-state-reader.ts';
import { WatchedStore } from '../fakes/watched-store.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { aPlanned, DIGEST, OTHER_DIGEST } from '../harness/builders.ts';
import { httpEvent, LAMBDA_CONTEXT } from '../harness/http-event.ts';

export const SECOND = 'second@example.com';

interface Opened {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A deployment that waits for approval, with the page behind its mailed links. */
export class TestPage {
  readonly world: PipelineWorld;
  readonly id: string;
  readonly store: WatchedStore;
  readonly #handler;

  private constructor(world: PipelineWorld, id: string) {
    this.world = world;
    this.id = id;
    this.store = new WatchedStore(world.store);
    const { surroundings, builds, artifacts, workflow, events, links, log } = world;
    const states = new FakeStateReader();
    const services = { store: this.store, surroundings, builds, states, artifacts, workflow, events, links };
    this.#handler = pageHandler(APPROVAL_SITE, { services, log });
  }

  static async create(
    environment: Name,
    given: { planned?: Partial<Planned>; analysis?: Analysis; requestedBy?: string } = {},
  ): Promise<TestPage> {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff', [JANE]);
    await world.approver(SECOND, 'staff');
    await world.approver(CLIENT, 'client');
    await world.end(await world.release(1));
    if (environment === 'prod1') await world.succeed(1, 'stage1');
    const id = await world.deploy(environment, 1, 'deploy', given.requestedBy);
    const analysis = given.analysis ?? anAnalysis();
    const staff = [{ gate: 'staff' as const, required: 1 }];
    await world.plan(id, {
      headline: headlineOf(analysis),
      analysis: await world.artifacts.putJson(analysisKey(id, 1), analysis),
      gates: environment === 'prod1' ? [...staff, { gate: 'client', required: 1 }] : staff,
      ...given.planned,
    });
    await world.openGate(id, 'staff');
    return new TestPage(world, id);
  }

  /** Makes a stale plan again, with this analysis. Requests approval again unless the new plan means the same. */
  async planAgain(analysis: Analysis): Promise<void> {
    const { world, id } = this;
    await beginNextRound(world.services, id, 'state-changed');
    const before = await world.store.get('deployment', { id });
    if (before?.status !== 'planning' || !before.planned) throw new Error(`"${id}" is not planned again`);
    const { digest, changeDigest, round, analysis: shown, gates } = before.planned;
    const planned = aPlanned({
      round: before.round,
      digest: OTHER_DIGEST,
      changeDigest: analysis.changeDigest,
      gates,
      headline: headlineOf(analysis),
      analysis: await world.artifacts.putJson(analysisKey(id, before.round), analysis),
      replaces: { digest, changeDigest, round, analysis: shown, because: 'state-changed' },
    });
    await world.plan(id, planned);
    const left = await world.store.transact(async (transaction) => {
      const deployment = await transaction.get('deployment', { id });
      if (deployment?.status !== 'planning') throw new Error(`"${id}" is not planned again`);
      return carryApprovals(transaction, deployment, planned, world.surroundings);
    });
    if (left[0]) await world.openGate(id, left[0]);
  }

  /** Returns the token of a person's link. */
  token(email = STAFF, link: Partial<ApprovalLink> = {}): Promise<string> {
    return this.world.links.sign({
      deploymentId: this.id,
      gate: 'staff',
      round: 1,
      email,
      digest: DIGEST,
      sequence: 1,
      ...link,
    });
  }

  async open(token?: string): Promise<Opened> {
    return this.#request('GET', token ?? (await this.token()));
  }

  /** Sends the form of the page with these fields changed. A page without a form is sent as if it still had one. */
  async submit(fields: Readonly<Record<string, string>>, token?: string): Promise<Opened> {
    const link = token ?? (await this.token());
    const [, nonce = formNonce(link)] = /name="nonce" value="([^"]*)"/.exec((await this.open(link)).text) ?? [];
    return this.#request('POST', link, new URLSearchParams({ comment: '', nonce, ...fields }).toString());
  }

  /** Sends any body. */
  async post(body: string, token?: string): Promise<Opened> {
    return this.#request('POST', token ?? (await this.token()), body);
  }

  /** Sets the configuration that staging runs, or that production will have after the deployment. */
  async consistsOf(environment: 'stage1' | 'prod1', configuration: Configuration): Promise<void> {
    const state = await this.world.store.get('environmentState', { application: 'my-app', environment });
    const deploymentId = environment === 'prod1' ? this.id : (state?.deployed?.deploymentId ?? '');
    await this.world.store.transact(async (transaction) => {
      await transaction.get('configuration', { deploymentId });
      transaction.put('configuration', { deploymentId, ...configuration });
    });
  }

  /** Serves the page on a port of this machine, for browsers. Returns its origin. */
  async serve(): Promise<{ origin: string; stop: () => Promise<void> }> {
    const server = createServer((request, response) => {
      this.#respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('the server has no port');
    const stop = async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    };
    return { origin: `http://127.0.0.1:${address.port}`, stop };
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token] = /^\/approvals\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (!token) {
      response.writeHead(404).end();
      return;
    }
    const { status, headers, text } = await this.#request(request.method ?? '', token, await readText(request));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
    response.writeHead(status).end(text);
  }

  gate(name: GateName = 'staff') {
    return this.world.store.get('gate', { deploymentId: this.id, gate: name });
  }

  async #request(method: string, token: string, body?: string): Promise<Opened> {
    const event = httpEvent({
      method,
      path: `/approvals/${token}`,
      isBase64Encoded: true,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...(body !== undefined && { body }),
    });
    const { statusCode = 0, headers = {}, body: text = '' } = await this.#handler(event, LAMBDA_CONTEXT as never);
    return { status: statusCode, headers, text };
  }
}

/** Returns the text of a page as a reader sees it. */
export const readable = (text: string): string =>
  text
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
