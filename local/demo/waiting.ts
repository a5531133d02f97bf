import { setTimeout as sleep } from 'node:timers/promises';
import { APPLICATION, type EnvironmentName, PREVIEW } from './cast.ts';
import type { Client, DeploymentView, EphemeralView, Mail } from './client.ts';
import type { Progress } from './progress.ts';

/**
 * The API is asked again PAUSE_MS after a write, when everything that belongs to the write is probably there too, or
 * after LOOK_MS.
 */
const PAUSE_MS = 20;
const LOOK_MS = 1000;
/** Far longer than any step takes; a step that hangs becomes an error that names the step. */
const PATIENCE_MS = 180_000;

export interface WaitingProps {
  readonly client: Client;
  readonly progress: Progress;
  /** Resolves when something was written that the API's answers depend on, or after `atLatestMs`. */
  readonly nextWrite: (atLatestMs: number) => Promise<void>;
}

/** Waits as people do: asks again until the result is there, and shows each new status once. */
export class Waiting {
  readonly #client: Client;
  readonly #progress: Progress;
  readonly #nextWrite: WaitingProps['nextWrite'];
  readonly #shown = new Map<string, string>();

  constructor({ client, progress, nextWrite }: WaitingProps) {
    this.#client = client;
    this.#progress = progress;
    this.#nextWrite = nextWrite;
  }

  /**
   * Waits until the newest deployment of a release has ended, ignoring `before`. Throws when it ended with another
   * status.
   */
  async end(environment: EnvironmentName, release: number, status: string, before?: string): Promise<DeploymentView> {
    const deployment = await this.#deployment(
      environment,
      release,
      (each) => each.id !== before && each.endedAt !== undefined,
    );
    if (deployment.status !== status)
      throw new Error(`${deployment.id} ended ${deployment.status}: ${deployment.error?.message ?? 'no reason given'}`);
    return deployment;
  }

  /** Waits until a gate is open in the newest deployment of a release, ignoring `before`. */
  async gate(environment: EnvironmentName, release: number, gate: string, before?: string): Promise<void> {
    const isOpen = (each: DeploymentView) => each.gates.some((other) => other.gate === gate && other.status === 'open');
    const deployment = await this.#deployment(
      environment,
      release,
      (each) => each.id !== before && (isOpen(each) || each.endedAt !== undefined),
    );
    if (!isOpen(deployment))
      throw new Error(
        `${deployment.id} is ${deployment.status} instead of waiting: ${deployment.error?.message ?? ''}`,
      );
    this.#progress.line(
      `${environment.padEnd(7)} release ${release}  waits for the ${gate} gate${describePlan(deployment)}`,
    );
  }

  /** Waits until the plan of a commit waits because applies are banned. Throws when its deployment has ended. */
  async banned(environment: EnvironmentName, commit: string): Promise<DeploymentView> {
    return this.#poll(`${commit} waiting in ${environment}`, async () => {
      const deployments = await this.#client.deployments(APPLICATION, environment);
      const deployment = deployments.find((each) => each.commit === commit);
      if (!deployment) return undefined;
      this.#show(deployment);
      if (deployment.endedAt !== undefined) throw new Error(`${deployment.id} ended ${deployment.status}`);
      return deployment.appliesBannedSince === undefined ? undefined : deployment;
    });
  }

  /** Polls the branch's environment until it has the wanted status, and shows each status once. */
  async preview(wanted: string, others: readonly string[]): Promise<EphemeralView> {
    const { name } = PREVIEW;
    return this.#poll(`${name} being ${wanted}`, async () => {
      const view = await this.#client.ephemeral(APPLICATION, name);
      if (this.#shown.get(name) !== view.status) this.#progress.line(`${name.padEnd(7)} ${view.status}`);
      this.#shown.set(name, view.status);
      if (others.includes(view.status)) throw new Error(`${name} is ${view.status} instead of ${wanted}`);
      return view.status === wanted ? view : undefined;
    });
  }

  async mail(isWanted: (mail: Mail) => boolean, what: string): Promise<Mail> {
    return this.#poll(what, async () => (await this.#client.outbox()).findLast(isWanted));
  }

  /** Polls the newest deployment of a release until the condition holds, and shows each status once. */
  async #deployment(
    environment: EnvironmentName,
    release: number,
    isReached: (deployment: DeploymentView) => boolean,
  ): Promise<DeploymentView> {
    return this.#poll(`release ${release} in ${environment}`, async () => {
      const deployments = await this.#client.deployments(APPLICATION, environment);
      const deployment = deployments.find((each) => each.release === release);
      if (!deployment) return undefined;
      this.#show(deployment);
      return isReached(deployment) ? deployment : undefined;
    });
  }

  #show(deployment: DeploymentView): void {
    if (this.#shown.get(deployment.id) === deployment.status) return;
    this.#shown.set(deployment.id, deployment.status);
    const why = deployment.error ? `: ${deployment.error.message}` : '';
    this.#progress.line(
      `${deployment.environment.padEnd(7)} release ${deployment.release}  ${deployment.status}${describeChanges(deployment)}${why}`,
    );
  }

  async #poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const written = this.#nextWrite(LOOK_MS);
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
      await written;
      await sleep(PAUSE_MS);
    }
  }
}

function describeChanges({ changes, status, passedThrough }: DeploymentView): string {
  if (!changes || status !== 'succeeded') return '';
  if (passedThrough) return ' (passed through: nothing to change)';
  if (changes === 'none') return ' (no changes)';
  const counts = WORDS.flatMap(([key, word]) => (changes[key] ? [`${changes[key]} ${word}`] : []));
  return counts.length > 0 ? ` (${counts.join(', ')})` : '';
}

const WORDS = [
  ['add', 'added'],
  ['change', 'changed'],
  ['destroy', 'destroyed'],
] as const;

/** Summarizes the plan in half a line. */
function describePlan({ cost, blastRadius }: DeploymentView): string {
  if (!cost || !blastRadius) return '';
  return ` (blast radius ${blastRadius.level}, cost ${cost.monthlyDelta >= 0 ? '+' : ''}${cost.monthlyDelta.toFixed(2)} ${cost.currency} a month)`;
}
