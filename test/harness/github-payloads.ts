import { createHmac } from 'node:crypto';

/** Payloads in the shape that GitHub documents for its webhooks, including many fields that Stagegate does not read. */

export const ZEROS = '0'.repeat(40);
/** The default commits from which and to which a push moves its branch. */
export const BEFORE = 'b1'.repeat(20);
export const AFTER = 'a2'.repeat(20);

const USER = {
  login: 'acme-dev',
  id: 7001,
  node_id: 'U_kgDOAAAbWQ',
  avatar_url: 'https://avatars.githubusercontent.com/u/7001?v=4',
  html_url: 'https://github.com/acme-dev',
  type: 'User',
  site_admin: false,
};

/** Returns the id of a repository: GitHub never gives one twice. */
const idOf = (fullName: string): number =>
  [...fullName].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1e9, 1);

const repositoryOf = (fullName: string, id = idOf(fullName)) => {
  const [owner = '', name = ''] = fullName.split('/');
  return {
    id,
    node_id: 'R_kgDOAAAjKQ',
    name,
    full_name: fullName,
    private: true,
    owner: { ...USER, login: owner, id: 8001, type: 'Organization' },
    html_url: `https://github.com/${fullName}`,
    description: null,
    fork: false,
    url: `https://api.github.com/repos/${fullName}`,
    created_at: 1_700_000_000,
    updated_at: '2026-11-20T08:00:00Z',
    pushed_at: 1_795_428_000,
    git_url: `git://github.com/${fullName}.git`,
    ssh_url: `git@github.com:${fullName}.git`,
    clone_url: `https://github.com/${fullName}.git`,
    default_branch: 'main',
    visibility: 'private',
  };
};

const REPOSITORY = 'acme/acme-config';
/** The id of the repository that payloads are about by default. */
export const REPOSITORY_ID = idOf(REPOSITORY);

interface CommitFacts {
  readonly id: string;
  readonly message?: string;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  readonly modified?: readonly string[];
}

const commitEntry = ({ id, message = 'change the service', added = [], removed = [], modified = [] }: CommitFacts) => ({
  id,
  tree_id: '7e'.repeat(20),
  distinct: true,
  message,
  timestamp: '2026-11-23T11:00:00+01:00',
  url: `https://github.com/${REPOSITORY}/commit/${id}`,
  author: { name: 'Dev', email: 'dev@example.com', username: 'acme-dev' },
  committer: { name: 'GitHub', email: 'noreply@github.com', username: 'web-flow' },
  added,
  removed,
  modified,
});

interface PushFacts {
  readonly repository?: string;
  readonly repositoryId?: number;
  readonly ref?: string;
  readonly before?: string;
  readonly after?: string;
  readonly created?: boolean;
  readonly deleted?: boolean;
  readonly forced?: boolean;
  /** The default is one commit, `after`, that changes a file of `my-app`. */
  readonly commits?: readonly CommitFacts[];
}

export function pushPayload(facts: PushFacts = {}) {
  const { repository = REPOSITORY, ref = 'refs/heads/main', before = BEFORE, after = AFTER } = facts;
  const { created = before === ZEROS, deleted = after === ZEROS, forced = false } = facts;
  const { commits = deleted ? [] : [{ id: after, modified: ['apps/my-app/dev1/main.tf'] }] } = facts;
  const entries = commits.map(commitEntry);
  return {
    ref,
    before,
    after,
    repository: repositoryOf(repository, facts.repositoryId),
    pusher: { name: 'acme-dev', email: 'dev@example.com' },
    sender: USER,
    created,
    deleted,
    forced,
    base_ref: null,
    compare: `https://github.com/${repository}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: entries,
    head_commit: deleted ? null : (entries.at(-1) ?? commitEntry({ id: after })),
  };
}

export const deletePayload = (
  facts: { ref?: string; ref_type?: string; repository?: string; repositoryId?: number } = {},
) => ({
  ref: facts.ref ?? 'feature/login',
  ref_type: facts.ref_type ?? 'branch',
  pusher_type: 'user',
  repository: repositoryOf(facts.repository ?? REPOSITORY, facts.repositoryId),
  sender: USER,
});

/** Makes the payload for a new branch. It differs from that of a deletion only in the event's name and two fields. */
export const createPayload = () => ({ ...deletePayload(), master_branch: 'main', description: null });

interface PullRequestFacts {
  readonly repository?: string;
  readonly repositoryId?: number;
  readonly action?: string;
  readonly merged?: boolean;
  readonly branch?: string;
  /** The repository of the branch that the pull request is from; `null` when that repository was deleted. */
  readonly headRepository?: string | null;
}

export function pullRequestPayload(facts: PullRequestFacts = {}) {
  const { action = 'closed', merged = true, branch = 'feature/login', repository = REPOSITORY } = facts;
  const { headRepository = repository } = facts;
  return {
    action,
    number: 17,
    pull_request: {
      url: `https://api.github.com/repos/${REPOSITORY}/pulls/17`,
      id: 1701,
      number: 17,
      state: 'closed',
      title: 'Let people log in',
      user: USER,
      merged_at: merged ? '2026-11-23T10:00:00Z' : null,
      head: {
        label: `acme:${branch}`,
        ref: branch,
        sha: AFTER,
        user: USER,
        repo: headRepository === null ? null : repositoryOf(headRepository),
      },
      base: { label: 'acme:main', ref: 'main', sha: BEFORE, user: USER, repo: repositoryOf(REPOSITORY) },
      merged,
      commits: 1,
      additions: 3,
      deletions: 1,
      changed_files: 1,
    },
    repository: repositoryOf(repository, facts.repositoryId),
    sender: USER,
  };
}

export const pingPayload = () => ({
  zen: 'Keep it logically awesome.',
  hook_id: 42,
  hook: { type: 'Repository', id: 42, name: 'web', active: true, events: ['push', 'delete', 'pull_request'] },
  repository: repositoryOf(REPOSITORY),
  sender: USER,
});

/** Returns the value that GitHub puts into `X-Hub-Signature-256`. */
export const signatureOf = (secret: string, body: string | Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

export const githubHeaders = (event: string, delivery: string, signature?: string): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'GitHub-Hookshot/044aadd',
  'x-github-event': event,
  'x-github-delivery': delivery,
  'x-github-hook-id': '42',
  ...(signature !== undefined && { 'x-hub-signature-256': signature }),
});
