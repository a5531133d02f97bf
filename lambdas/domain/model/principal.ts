/** What does something without having been called. `expired`: the end of an ephemeral environment's life. */
const MACHINES = ['push', 'branch-deleted', 'pull-request-closed', 'expired', 'system'] as const;
type Machine = (typeof MACHINES)[number];

/** As records have them. */
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
  /** The automatic promotion of what a deployment has brought. */
  | { readonly kind: 'promotion'; readonly deploymentId: string }
  /** A caller of the API, as IAM knows it. */
  | { readonly kind: 'caller'; readonly arn: string };

/** The text that records have of a principal. */
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

/** Whoever pushes to a config repository. */
export const PUSHER = { principal: principalText({ kind: 'push' }) };

/** The principal that records have this text of. */
export function parsePrincipal(text: string): Principal {
  if (text.startsWith(PROMOTION)) return { kind: 'promotion', deploymentId: text.slice(PROMOTION.length) };
  const machine = MACHINES.find((kind) => TEXTS[kind] === text);
  return machine ? { kind: machine } : { kind: 'caller', arn: text };
}
