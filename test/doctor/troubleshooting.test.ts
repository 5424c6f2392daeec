/** Every trouble that is known: `doctor` names its cause and no other. docs/troubleshooting.md is written from what it says. */
import { describe, expect, test } from 'vitest';
import type { DoctorReport, Finding } from '../../src/doctor/report.ts';
import { troubles, type Trouble } from './cases.ts';
import { diagnose, refusalOf, wrongIn } from './diagnose.ts';
import { Lab } from './lab.ts';

const rows = new Map<Trouble, string>();

describe.each(troubles)('%s', (_group, cases) => {
  test.each(cases.map((trouble) => [`${trouble.seen}: ${trouble.is}`, trouble] as const))(
    '%s',
    async (_name, trouble) => {
      const lab = await Lab.open(trouble.sandbox);
      try {
        const report = await diagnose(await trouble.make(lab));
        expect(wrongIn(report)).toEqual(trouble.wrong);
        rows.set(trouble, rowOf(trouble, report, lab));
        const cause = causeOfRefusal(trouble);
        expect(cause && (await refusalOf(await trouble.make(lab)))).toBe(cause);
      } finally {
        await lab.close();
      }
    },
  );
});

/** What the account tells of the profile nobody else knows. */
const withoutAccount: Readonly<Record<string, string>> = { 'profile-disabled': 'profile', 'profile-empty': 'profile' };

/** The name that the error of every other output has for what is refused: that of doctor. Undefined where nothing is. */
function causeOfRefusal({ wrong }: Trouble): string | undefined {
  const [, cause] = wrong.flatMap((one) => /^(?:create-session|role-chain): (.*)$/.exec(one) ?? []);
  return cause === undefined ? undefined : (withoutAccount[cause] ?? cause);
}

function rowOf({ seen, is, wrong }: Trouble, { checks }: DoctorReport, lab: Lab): string {
  // The other hints say what it is not.
  const isRest = wrong.length === 1 && wrong[0]?.endsWith(': request') === true;
  const bad = checks.flatMap(({ findings }) => findings.filter(({ status }) => status === 'FAIL' || status === 'WARN'));
  const causes = wrong.map((one) => `\`${one}\``).join(', ');
  return `| ${[seen, is, causes, remedyOf(isRest ? bad.map(ofRest) : bad, lab)].map(cell).join(' | ')} |`;
}

const ofRest = (finding: Finding): Finding => ({
  ...finding,
  hints: finding.hints.filter((hint) => hint.startsWith('what remains')),
});

/** The first thing to do, without what differs from run to run. */
function remedyOf(bad: readonly Finding[], { folder, sandbox }: Lab): string {
  const hint = bad.find(({ hints }) => hints.length > 0)?.hints[0] ?? '';
  return hint
    .replaceAll(folder, '…')
    .replaceAll(sandbox.endpoint, '…')
    .replaceAll(process.execPath, '…')
    .replaceAll(/serial number \d+ \(hexadecimal [0-9a-f]+\)/g, 'the serial number')
    .replaceAll(/\d{3,} seconds/g, '… seconds')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const head = `# Troubleshooting

\`roles-anywhere doctor\`, with the options of the call that fails, [looks at all of this](doctor.md) and names the cause. The tables
below are written by its tests (\`test/doctor/troubleshooting.test.ts\`): each row is a set-up that goes wrong, what \`doctor\` then finds, all
of it, and the first thing that it says to do. Where an option is named in brackets, the cause can only be told with it.
`;

test('docs/troubleshooting.md says what these tests have found', async ({ skip }) => {
  const all = troubles.flatMap(([, cases]) => cases);
  skip(!all.every((trouble) => rows.has(trouble)), 'not all troubles were looked at');
  const sections = troubles.map(([group, cases]) => {
    const lines = cases.map((one) => rows.get(one));
    const table = ['| you see | it is | `doctor` finds | what to do |', '|---|---|---|---|', ...lines];
    return `\n## ${group}\n\n${table.join('\n')}\n`;
  });
  await expect(`${head}${sections.join('')}`).toMatchFileSnapshot('../../docs/troubleshooting.md');
});
