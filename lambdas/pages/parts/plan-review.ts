import type { Planned } from '../../domain/model/deployment.ts';
import type { Analysis } from '../../domain/plan/analysis.ts';
import { blastRadiusPicture, pictureLegend } from './blast-radius-picture.ts';
import { changesSection } from './changes-section.ts';
import { type Html, html } from './html.ts';
import { blastRadiusSection, broughtAlongSection, costSection, safeguardsSection } from './plan-sections.ts';
import { proofSection } from './proof-section.ts';
import { rehearsalSection } from './rehearsal-section.ts';

/** Shows a plan for somebody who has to judge it: each part in a section of its own. */
export const planReview = (analysis: Analysis, rehearsal: Planned['rehearsal'] | null): Html =>
  html`${[
    proofSection(analysis),
    changesSection(analysis),
    rehearsal && rehearsalSection(rehearsal),
    blastRadiusSection(analysis, picture(analysis.graph)),
    costSection(analysis),
    safeguardsSection(analysis),
    broughtAlongSection(analysis),
  ]}`;

function picture(graph: Analysis['graph']): Html | undefined {
  const drawn = blastRadiusPicture(graph);
  return (
    drawn &&
    html`<div class="scroll frame" tabindex="0" role="group" aria-label="Picture of the blast radius">${drawn}</div>
${pictureLegend(graph)}`
  );
}
