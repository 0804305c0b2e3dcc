import type { Messages } from './en';

/** What is said to whoever looks up an order, in German. */
export const deLookUp: Messages['lookUp'] = {
  summary: 'Habe ich eins bekommen?',
  body: 'Geben Sie an, womit Sie bestellt haben. Der Shop sieht in seinen Büchern nach.',
  label: 'E-Mail oder Kundennummer nachsehen',
  submit: 'Nachsehen',
  asking: 'Wird nachgesehen',
  ownFound: 'Ja. Das ist Ihre Bestellung:',
  ownNotFoundBody: 'Der Shop hat für die angemeldete Person keine Bestellung.',
  found: 'Ja. Unter dieser Angabe gibt es eine Bestellung:',
  notFound: 'Nein, nicht in diesem Verkauf.',
  notFoundBody:
    'Der Shop hat unter dieser Angabe keine Bestellung. Haben Sie eine andere benutzt, sehen Sie damit nach.',
  failed: {
    busy: {
      title: 'Der Shop hat gerade zu viel zu tun, um nachzusehen.',
      body: 'Versuchen Sie es gleich noch einmal.',
    },
    rate_limited: {
      title: 'Zu viele Anfragen über Ihre Verbindung.',
      body: 'Versuchen Sie es gleich noch einmal.',
    },
    invalid_user: {
      title: 'Der Shop nimmt diese Angabe nicht an.',
      body: 'Prüfen Sie sie auf Tippfehler.',
    },
    bad_request: {
      title: 'Der Shop hat diese Seite nicht verstanden.',
      body: 'Vielleicht ist die Seite veraltet: Laden Sie sie neu und sehen Sie noch einmal nach.',
    },
    unauthorized: {
      title: 'Melden Sie sich an, um nachzusehen.',
      body: 'Der Shop sagt allen nur, was sie selbst bestellt haben.',
    },
    internal: {
      title: 'Im Shop ist etwas kaputtgegangen.',
      body: 'Versuchen Sie es gleich noch einmal.',
    },
    unreadable: {
      title: 'Die Antwort ergab keinen Sinn.',
      body: 'Versuchen Sie es gleich noch einmal.',
    },
    unreachable: {
      title: 'Keine Verbindung zum Shop.',
      body: 'Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
    },
  },
};
