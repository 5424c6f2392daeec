import { everywhere, of, oneShot, type OptionDefinition } from './option.ts';

const ofTheDisk = "the cache on disk is the command's own: the provider keeps its credentials in memory";

/** The call itself: its cache, where it reads its options, what it shows. */
export const call: readonly OptionDefinition[] = [
  ...of(
    [...oneShot, 'exec'],
    [
      {
        flag: 'cache',
        kind: 'boolean',
        about: 'surroundings',
        help: 'Caches credentials on disk for the next calls, until shortly before they expire.',
        property: { commandOnly: ofTheDisk },
      },
    ],
  ),
  ...of(
    [...oneShot, 'exec', 'cache'],
    [
      {
        flag: 'cache-dir',
        kind: 'string',
        about: 'surroundings',
        placeholder: 'PATH',
        help: 'Folder of that cache; ~/.aws/roles-anywhere/cache when not given.',
        property: { commandOnly: ofTheDisk },
      },
    ],
  ),
  ...of(everywhere, [
    {
      flag: 'from-profile',
      kind: 'list',
      flagOnly: true,
      placeholder: 'NAME',
      help: 'Profile of ~/.aws/config that gives the options that are not given here, by roles_anywhere_ keys, role_arn and source_profile. Of several, with commas between them, the next is tried where one does not serve; serve and update serve each of them.',
      property: {
        name: 'profile',
        type: 'string',
        text: 'Name of a profile of `~/.aws/config`, or several with commas between them, the next to be tried where one does not serve. Where neither this nor an ARN is given, the profile of the client, AWS_PROFILE or `default` is looked at, as `fromIni` does.',
      },
    },
    {
      flag: 'debug',
      kind: 'boolean',
      about: 'surroundings',
      help: 'Shows on stderr what is signed, sent and answered, never a secret.',
      property: { commandOnly: "is the command's own: give a logger" },
    },
  ]),
  ...of(
    [...everywhere, 'cache', 'version', 'completion', 'sandbox'],
    [
      {
        flag: 'help',
        kind: 'boolean',
        short: 'h',
        flagOnly: true,
        help: 'Prints this.',
        property: { commandOnly: 'is for the command line' },
      },
    ],
  ),
  ...of(
    [],
    [
      {
        flag: 'user-agent-app-id',
        kind: 'string',
        environment: ['AWS_SDK_UA_APP_ID'],
        about: 'session',
        help: 'Names the application in the user agent.',
        property: {
          text: "Names the application in the user agent of CreateSession and AssumeRole, up to 50 characters, as the setting of the same name does in the SDK's clients; that of the client by default.",
        },
      },
    ],
  ),
];
