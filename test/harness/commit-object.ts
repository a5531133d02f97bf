import { createHash } from 'node:crypto';

interface CommitText {
  readonly message?: string;
  readonly author?: string;
  /** Further lines of the commit's head. */
  readonly more?: readonly string[];
  /** The encoding of the commit's bytes. */
  readonly encoding?: 'utf8' | 'latin1';
}

/** Makes a commit as git stores it, and its id. */
export function aCommitObject({
  message = 'Larger database\n',
  author = 'Ada <ada@example.com>',
  more = [],
  encoding = 'utf8',
}: CommitText = {}): { readonly id: string; readonly bytes: Buffer; readonly base64: string } {
  const head = [
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904',
    `author ${author} 1764403200 +0100`,
    'committer Somebody Else <else@example.com> 1764403201 +0000',
    ...more,
  ];
  const bytes = Buffer.from(`${head.join('\n')}\n\n${message}`, encoding);
  const id = createHash('sha1').update(`commit ${bytes.length}\0`).update(bytes).digest('hex');
  return { id, bytes, base64: bytes.toString('base64') };
}
