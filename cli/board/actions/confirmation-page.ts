import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { CommandError } from '../../output/command-error.ts';
import { describeProblem } from '../frame/board-page.ts';
import { applicationPath, type Scene } from '../frame/scene.ts';
import { pill } from '../frame/small-parts.ts';
import type { Field, Question } from './action.ts';

interface Given {
  /** What was sent before, if it was not done. */
  readonly form: URLSearchParams;
  readonly problem?: CommandError;
  /** Names this confirmation, so that it is carried out once, however often it is sent. */
  readonly key: string;
}

interface Confirmation {
  readonly title: string;
  readonly main: Html;
}

/** The field in which the name of a production environment is typed. */
export const TYPED_NAME = 'typed-name';
export const KEY = 'key';

/** Shows what will be done, and the form that does it. */
export function confirmationPage(scene: Scene, question: Question, { form, problem, key }: Given): Confirmation {
  const { application, environment, stage, heading, consequences, fields, button, isUndoing } = question;
  const isProduction = stage === 'production';
  const nameProblem = problem && isProduction && form.get(TYPED_NAME)?.trim() !== environment;
  const attributes = nameProblem ? html` aria-invalid="true" aria-describedby="problem"` : undefined;
  const main = html`${problem && html`<div id="problem" class="banner bad" role="alert"><h2>Nothing was changed</h2>${describeProblem(problem)}</div>`}
<p class="eyebrow">${pill(isProduction ? 'warn' : 'calm', stage)} <bdi>${application}</bdi></p>
<h1>${heading}?</h1>
<section class="card decision" aria-labelledby="what-it-does">
<h2 id="what-it-does">What it does</h2>
<ul>${consequences.map((each) => html`<li>${each}</li>`)}</ul>
<form method="post">
<input type="hidden" name="${KEY}" value="${key}">
${fields.map((field) => fieldOf(field, form))}
${
  isProduction &&
  html`<label for="${TYPED_NAME}">To go on, type <code>${environment}</code> <span class="hint">(this is production)</span></label>
<input type="text" id="${TYPED_NAME}" name="${TYPED_NAME}" value="${form.get(TYPED_NAME) ?? ''}" autocomplete="off" autocapitalize="none" spellcheck="false" required${attributes}>`
}
<div class="buttons"><button class="go ${isUndoing && 'bad'}">${button}</button></div>
</form>
<p><a href="${applicationPath(scene, application)}">Do nothing, and go back to ${application}</a></p>
</section>`;
  return { title: problem ? `Not done: ${heading}` : heading, main };
}

function fieldOf(field: Field, form: URLSearchParams): Html {
  switch (field.kind) {
    case 'fixed':
      return html`<input type="hidden" name="${field.name}" value="${field.value}">`;
    case 'text':
      return html`<label for="${field.name}">${field.label}</label>
<input type="text" id="${field.name}" name="${field.name}" value="${form.get(field.name) ?? ''}" maxlength="${field.most}" required>`;
    case 'choice': {
      const chosen = form.get(field.name) ?? field.choices[0]?.value;
      return html`<fieldset class="choices"><legend><strong>${field.label}</strong></legend>${field.choices.map(
        ({ value, text }) =>
          html`<label><input type="radio" name="${field.name}" value="${value}" required${value === chosen && html` checked`}> <span>${text}</span></label>`,
      )}</fieldset>`;
    }
  }
}
