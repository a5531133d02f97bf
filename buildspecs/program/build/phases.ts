/** The phases that a failure can name: for each build, in their order. docs/api.md explains them to people. */
export const PHASES = {
  plan: ['checkout', 'encryption', 'backend', 'modules', 'variables', 'init', 'bundle', 'upload', 'plan', 'show'],
  inspect: ['download', 'bundle', 'plan-file', 'init', 'show', 'upload'],
  apply: ['started', 'download', 'digest', 'bundle', 'init', 'backend', 'apply', 'outputs', 'upload'],
} as const;
export type Phase = (typeof PHASES)[keyof typeof PHASES][number];

/** The causes of failures that have a name of their own, in whatever phase they happen. */
export const CAUSES = [
  'already-started',
  'artifact-store',
  'backend',
  'bundle-refused',
  'credentials-refused',
  'credentials-unavailable',
  'digest-mismatch',
  'encryption-command',
  'engine-mismatch',
  'engine-unavailable',
  'made-outside',
  'module-source',
  'plan-encrypted',
  'plan-not-ours',
  'plan-of-other-configuration',
  'plan-stale',
  'plan-unreadable',
  'stopped',
  'tree-changed',
  'unparsable',
] as const;
export type Cause = (typeof CAUSES)[number];
