import { ROUTES } from '../../lambdas/api/routes.ts';

/** Who may call the API, from the least to the most; builds are apart. */
export const CALLERS = ['public', 'viewer', 'developer', 'staff', 'admin', 'build'] as const;
export type Caller = (typeof CALLERS)[number];

/** Returns who may call a route by the route table: its role, and people with a role above it; anybody if it is public. */
export function mayCall(key: keyof typeof ROUTES, caller: Caller): boolean {
  const { role } = ROUTES[key];
  if (role === 'public' || role === caller) return true;
  return role !== 'build' && caller !== 'build' && CALLERS.indexOf(caller) > CALLERS.indexOf(role);
}

const HEAD = `# Who may call what

\`npm run access\` prints this page from the route table. A test compares every cell with the authorizers and the IAM policies of the synthesized template.

| column | is |
|---|---|
| public | anybody, without a signature of AWS; [what protects these routes](threat-model.md) |
| viewer, developer, staff, admin | a caller whose IAM role has the managed policy \`stagegate-viewer\`, \`-developer\`, \`-staff\` or \`-admin\` and no other |
| build | the roles of Stagegate's own builds |

For \`POST …/decisions\` the policy is not enough: the caller must also be an approver of the gate ([rules](rules.md)).
`;

/** Returns the page with a row for each route. */
export function accessPage(): string {
  const rows = Object.keys(ROUTES)
    .filter((key): key is keyof typeof ROUTES => key in ROUTES)
    .map((key) => [`\`${key}\``, ...CALLERS.map((caller) => (mayCall(key, caller) ? 'yes' : ''))]);
  const table = [['route', ...CALLERS], ['---', ...CALLERS.map(() => '---')], ...rows];
  return `${HEAD}\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
