/** Actors that act without an API call. `expired`: the end of an ephemeral environment's life. */
const MACHINES = ['push', 'branch-deleted', 'pull-request-closed', 'expired', 'system'] as const;
type Machine = (typeof MACHINES)[number];

/** Texts of these actors in records. */
const TEXTS: Readonly<Record<Machine, string>> = {
  push: 'push',
  'branch-deleted': 'deletion of the branch',
  'pull-request-closed': 'end of the pull request',
  expired: 'expiry',
  system: 'stagegate',
};
const PROMOTION = 'promotion of ';

/** Who did something. */
export type Principal =
  | { readonly kind: Machine }
  /** The automatic promotion of what a deployment has brought to its environment. */
  | { readonly kind: 'promotion'; readonly deploymentId: string }
  /** A caller of the API, as IAM knows it. */
  | { readonly kind: 'caller'; readonly arn: string };

/** Returns the text that records contain for a principal. */
export function principalText(principal: Principal): string {
  switch (principal.kind) {
    case 'caller':
      return principal.arn;
    case 'promotion':
      return PROMOTION + principal.deploymentId;
    default:
      return TEXTS[principal.kind];
  }
}

/** Requester of what happens after a push to a config repository. */
export const PUSHER = { principal: principalText({ kind: 'push' }) };

/** Returns the principal for which records contain this text. */
export function parsePrincipal(text: string): Principal {
  if (text.startsWith(PROMOTION)) return { kind: 'promotion', deploymentId: text.slice(PROMOTION.length) };
  const machine = MACHINES.find((kind) => TEXTS[kind] === text);
  return machine ? { kind: machine } : { kind: 'caller', arn: text };
}
