import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { paritySection } from '../../../lambdas/pages/parts/parity-section.ts';
import { short } from '../../output/words.ts';
import type { Scene } from '../frame/scene.ts';
import { banner, skippedNote } from '../frame/small-parts.ts';
import type { ApplicationNow } from '../reading/read-application.ts';
import { deliverySection } from './delivery.ts';
import { ephemeralSection } from './ephemeral.ts';
import { lanes } from './lanes.ts';
import { releasesSection } from './releases.ts';

/** Shows everything about an application: what runs where, what is under way, and what became of its releases. */
export function applicationPage(scene: Scene, now: ApplicationNow): Html {
  const { application } = now;
  const parity = now.lanes.flatMap(({ environment }) =>
    environment?.stage === 'production' && environment.parity ? [environment.parity] : [],
  );
  return html`<p class="eyebrow"><span><bdi>${application.client}</bdi> · <bdi>${application.configRepository.url}</bdi></span></p>
<h1><bdi>${application.name}</bdi></h1>
<p class="lede">${headOf(now)}</p>
${now.skipped > 0 && skippedNote(now.skipped)}
${application.notices.map(({ message, next }) => banner({ tone: 'warn', heading: message, text: next }))}
<h2 class="sr">Environments</h2>
${lanes(scene, now)}
${deliverySection(scene, now)}
${ephemeralSection(scene, now)}
${releasesSection(scene, now)}
${parity.map((each) => paritySection(each, 'deployed'))}`;
}

/** What is known of the branch that makes releases. */
function headOf({ application: { heard, configRepository }, lanes: all }: ApplicationNow): Html {
  const { head } = heard;
  const many = counted(all.length, 'environment');
  if (head === null) return html`${many}. No push to <bdi>${configRepository.branch}</bdi> was seen yet.`;
  const { newestRelease, commit, isAhead } = head;
  return html`${many}. Newest commit <code>${short(commit)}</code>${newestRelease !== null && html`, newest release <strong>${newestRelease}</strong>`}${isAhead && html`; <strong>the newest commit is no release</strong>`}.`;
}
