import type { Deployment } from '../deployment/deployments.ts';
import { describeEnding, describeNow, isOpen } from '../deployment/describe-deployment.ts';
import type { Session } from '../frame/session.ts';
import { plain } from '../output/plain.ts';
import { howToDecide, type LocalApprovers } from './how-to-decide.ts';

/** Tells what becomes of deployments: a line for each change, or with `--json` an object. */
export class Changes {
  readonly #session: Session;
  readonly #approvers: LocalApprovers;
  readonly #told = new Map<string, string>();

  constructor(session: Session, approvers: LocalApprovers) {
    this.#session = session;
    this.#approvers = approvers;
  }

  /** Prints a deployment, if it differs from what was printed of it before. */
  tell(deployment: Deployment): void {
    const { id, environment, release, status } = deployment;
    const text = plain(isOpen(deployment) ? describeNow(deployment) : describeEnding(deployment));
    if (this.#told.get(id) === text) return;
    this.#told.set(id, text);
    const at = this.#session.surroundings.now().toISOString();
    const waitsFor = deployment.gates.filter((gate) => gate.status === 'open').map(({ gate }) => gate);
    this.#session.print(
      this.#session.options.json
        ? JSON.stringify({ at, environment, deployment: id, release, status, waitsFor, text })
        : `${at.slice(11, 19)}  ${environment}: ${text}`,
    );
    if (!this.#session.options.json)
      for (const line of howToDecide(deployment, this.#approvers)) this.#session.note(`          ${line}`);
  }
}
