import type { Release } from '../../domain/model/release.ts';
import { type Html, html } from './html.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly detail?: string;
}

export interface CommitInWords {
  readonly id: string;
  /** Undefined where nobody knows it. */
  readonly message: string | undefined;
  readonly author: string;
  /** Whether message and author come from a caller of the API and not from the commit. */
  readonly isTold: boolean;
  /** What a caller of the API said that differs from the commit. */
  readonly stated: Pick<Release, 'message' | 'author'> | undefined;
}

interface Facts {
  readonly facts: readonly Fact[];
  readonly commit: CommitInWords;
}

/** Shows what is deployed where, and the words of the commit. */
export function factsSection({ facts, commit }: Facts): Html {
  const [subject = '', ...more] = (commit.message ?? '').trim().split('\n');
  const rest = more.join('\n').trim();
  return html`<section class="card" aria-labelledby="facts">
<h2 id="facts">What and where</h2>
<dl class="facts">
${facts.map(({ label, value, detail }) => html`<div><dt>${label}</dt><dd><bdi>${value}</bdi>${detail && html`<span class="detail">${detail}</span>`}</dd></div>`)}
</dl>
<div class="commit">${commit.message !== undefined && html`<p class="subject"><bdi>${subject === '' ? 'No commit message' : subject}</bdi></p>`}
${rest !== '' && html`<p><bdi>${rest}</bdi></p>`}
<p class="by quiet small">${commit.author && html`<bdi>${commit.author}</bdi>, `}commit <code>${commit.id.slice(0, 12)}</code>${commit.isTold && ' (as given in the request for this release; not read from the commit)'}</p>
${commit.stated && statedInstead(commit.stated)}</div>
</section>`;
}

/** Returns what the request for the release said. The caller can write anything, including somebody else's name. */
function statedInstead({ message, author }: NonNullable<CommitInWords['stated']>): Html {
  const mark = 'not read from the commit';
  const said =
    message === ''
      ? html`names <bdi>${author}</bdi> (${mark}).`
      : html`says${author && html`, naming <bdi>${author}</bdi>`} (${mark}): <bdi>${message}</bdi>`;
  return html`<p class="by quiet small">The request for this release ${said}</p>`;
}
