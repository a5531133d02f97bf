import { describeCaller } from '../../local/door/authorization.ts';
import { type FaultableCall, isAbout } from '../../local/door/faults.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';

/** An operation of AWS that something of Stagegate, or AWS itself for Stagegate, calls. */
export interface AwsOperation {
  /** Who calls, in words: `plan build`, `consume-plan`, `EventBridge`. */
  readonly caller: string;
  /** Matches the callers at the door. */
  readonly callers: RegExp;
  readonly service: string;
  readonly operation: string;
}

/** Names of the services as people know them, by the service name in signatures. */
const SERVICES: Readonly<Record<string, string>> = {
  acm: 'ACM',
  codebuild: 'CodeBuild',
  dynamodb: 'DynamoDB',
  events: 'EventBridge',
  kms: 'KMS',
  lambda: 'Lambda',
  route53: 'Route 53',
  s3: 'S3',
  scheduler: 'Scheduler',
  sns: 'SNS',
  sqs: 'SQS',
  states: 'Step Functions',
  sts: 'STS',
};

export const nameOf = ({ caller, service, operation }: AwsOperation): string =>
  `${caller}: ${SERVICES[service] ?? service} ${operation}`;

/** The callers in words. The first matching pattern counts; a group in it is the name of a function. */
const CALLERS: readonly { readonly pattern: RegExp; readonly words?: string }[] = [
  { pattern: /:assumed-role\/Stagegate-DeploymentWorkflow[^/]*\//, words: 'state machine' },
  { pattern: /:assumed-role\/stagegate-plan-build\//, words: 'plan build' },
  { pattern: /:assumed-role\/stagegate-inspect-build\//, words: 'inspect build' },
  { pattern: /:assumed-role\/stagegate-apply-build\//, words: 'apply build' },
  { pattern: /:assumed-role\/stagegate-[^/]*-state\//, words: 'state role of the environment' },
  { pattern: /:assumed-role\/[Ss]tagegate-[^/]+\/stagegate-([a-z-]+)$/ },
  { pattern: /^events\.amazonaws\.com/, words: 'EventBridge' },
  { pattern: /^apigateway\.amazonaws\.com/, words: 'API Gateway' },
];

/** Returns the operation that a call is one of. Throws an error for a caller that has no words yet. */
function operationOf({ caller, service, operation }: FaultableCall): AwsOperation {
  const name = describeCaller(caller);
  for (const { pattern, words } of CALLERS) {
    const found = pattern.exec(name);
    if (!found) continue;
    const [, functionName = ''] = found;
    if (words !== undefined) return { caller: words, callers: pattern, service, operation };
    return { caller: functionName, callers: callersOf(functionName), service, operation };
  }
  throw new Error(`${name} calls ${service}:${operation}: name this caller in test/faults/operations.ts`);
}

/** Returns the operation with this name, the reverse of `nameOf`. Throws an error for any other text. */
export function operationNamed(name: string): AwsOperation {
  const [, caller = '', words = '', operation = ''] = /^([^:]+): (.+) (\w+)$/.exec(name) ?? [];
  const [service] = Object.entries(SERVICES).find(([, known]) => known === words) ?? [];
  if (service === undefined) throw new Error(`"${name}" names no operation of a service that is known`);
  const callers = CALLERS.find((each) => each.words === caller)?.pattern ?? callersOf(caller);
  return { caller, callers, service, operation };
}

const callersOf = (functionName: string): RegExp => new RegExp(`/stagegate-${functionName}$`);

/** Records the operations that are called about an application while the action runs, in order of their names. */
export async function recordOperations(
  { door }: Pick<LocalCloud, 'door'>,
  application: string,
  action: () => Promise<unknown>,
): Promise<readonly AwsOperation[]> {
  const found = new Map<string, AwsOperation>();
  const end = door.faults.watch((call) => {
    if (call.caller.kind === 'operator' || !isAbout(call, application)) return;
    const operation = operationOf(call);
    // A promotion needs the reconciler only after a fault, and on a slow machine.
    if (operation.caller !== 'reconcile') found.set(nameOf(operation), operation);
  });
  try {
    await action();
  } finally {
    end();
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, operation]) => operation);
}
