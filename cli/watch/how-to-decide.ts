import type { Deployment } from '../deployment/deployments.ts';
import type { Session } from '../frame/session.ts';
import { askLocalCloud } from '../init/ask-local-cloud.ts';

/** The caller who may decide each gate in a local cloud, where anybody may call by any name. Nobody on AWS. */
export type LocalApprovers = ReadonlyMap<string, string>;

/** Returns the callers whom `stagegate init` registers as approvers in a local cloud. */
export async function localApprovers({ api }: Session): Promise<LocalApprovers> {
  const example = await askLocalCloud(api.connection);
  const approvers = Object.entries(example?.approvers ?? {});
  return new Map(approvers.flatMap(([email, { gates }]) => gates.map((gate) => [gate, email] as const)));
}

/** Returns the commands with which somebody decides about a deployment: none while no gate is open. */
export function howToDecide({ environment, gates }: Deployment, approvers: LocalApprovers): string[] {
  return gates
    .filter(({ status }) => status === 'open')
    .map(({ gate }) => {
      const approver = approvers.get(gate);
      const as = approver === undefined ? '' : ` --as ${approver}`;
      return `read the plan with \`stagegate plan ${environment}\`, decide with \`stagegate approve ${environment}${as}\``;
    });
}
