import type { Messages } from './en';

/** What is said to an order that has no receipt, in German. */
export const deAnswers: Messages['answers'] = {
  sold_out: {
    title: 'Um einen Augenblick ausverkauft.',
    body: 'Das letzte Stück ging an jemand anderen, bevor Ihre Bestellung eintraf. Es wurde nichts bestellt.',
  },
  not_active_upcoming: {
    title: 'Noch nicht geöffnet.',
    body: 'Nach der Uhr des Shops hat der Verkauf noch nicht begonnen. Es wurde nichts bestellt. Drücken Sie noch einmal, wenn der Countdown abgelaufen ist.',
  },
  too_early: {
    title: 'Einen Augenblick zu früh.',
    body: 'Der Shop öffnet in diesem Moment. Ihre Bestellung geht von selbst noch einmal hinaus.',
  },
  not_active_paused: {
    title: 'Der Shop hat den Verkauf unterbrochen.',
    body: 'Es wurde nichts bestellt. Drücken Sie noch einmal, wenn es weitergeht: Der Knopf öffnet sich von selbst.',
  },
  not_active_ended: {
    title: 'Der Verkauf ist vorbei.',
    body: 'Ihre Bestellung kam nach dem Ende an. Es wurde nichts bestellt.',
  },
  not_active: {
    title: 'Der Verkauf ist nicht geöffnet.',
    body: 'Es wurde nichts bestellt. Drücken Sie noch einmal, wenn der Shop meldet, dass er geöffnet ist.',
  },
  busy: {
    title: 'Gerade kaufen sehr viele.',
    body: 'Auf Ihre Bestellung gibt es noch keine Antwort. Diese Seite fragt weiter. Doppelt bestellen können Sie nicht.',
  },
  rate_limited: {
    title: 'Zu viele Versuche über Ihre Verbindung.',
    body: (wait) =>
      `Der Shop bittet Sie, ${wait} zu warten. Ihre Bestellung liegt bereit und geht danach wieder hinaus.`,
  },
  csrf: {
    title: 'Ihr Browser hat die Sicherheitsprüfung des Shops nicht bestanden.',
    body: 'Erlauben Sie Cookies für diese Website, öffnen Sie die Seite in einem eigenen Tab und versuchen Sie es noch einmal. Dieser Versuch hat nichts bestellt.',
  },
  invalid_user: {
    title: 'Der Shop nimmt diese Angabe nicht an.',
    body: 'Prüfen Sie sie auf Tippfehler und drücken Sie noch einmal. Es wurde nichts bestellt.',
  },
  check_failed: {
    title: 'Ihr Browser hat die Prüfung des Shops nicht bestanden.',
    body: 'Versuchen Sie es noch einmal oder mit einem anderen. Dieser Versuch hat nichts bestellt.',
  },
  check_unavailable: {
    title: 'Die Prüfung Ihres Browsers antwortet nicht.',
    body: 'Ihre Bestellung liegt bereit. Diese Seite versucht es von selbst noch einmal.',
  },
  other_user: {
    title: 'Inzwischen ist jemand anderes angemeldet.',
    body: 'Prüfen Sie, wer angemeldet ist, und drücken Sie noch einmal. Dieser Versuch hat nichts bestellt.',
  },
  bad_request: {
    title: 'Der Shop hat diese Seite nicht verstanden.',
    body: 'Vielleicht ist die Seite veraltet: Laden Sie sie neu und bestellen Sie noch einmal. Es wurde nichts bestellt.',
  },
  internal: {
    title: 'Im Shop ist etwas kaputtgegangen.',
    body: 'Ob Ihre Bestellung angekommen ist, steht noch nicht fest. Diese Seite fragt weiter. Doppelt bestellen können Sie nicht.',
  },
  unreadable: {
    title: 'Die Antwort ergab keinen Sinn.',
    body: 'Vielleicht hat etwas zwischen Ihnen und dem Shop sie verändert, etwa die Anmeldeseite eines WLANs. Diese Seite fragt weiter, ob Ihre Bestellung angekommen ist. Doppelt bestellen können Sie nicht.',
  },
  unreachable: {
    title: 'Keine Verbindung zum Shop.',
    body: 'Ob Ihre Bestellung angekommen ist, steht noch nicht fest. Diese Seite fragt weiter. Doppelt bestellen können Sie nicht.',
  },
  interrupted: {
    title: 'Ihre letzte Bestellung blieb ohne Antwort.',
    body: 'Die Seite wurde verlassen, bevor der Shop geantwortet hat. Jetzt fragt sie noch einmal. Doppelt bestellen können Sie nicht.',
  },
  stopped: {
    title: 'Aufgehört, ohne Antwort.',
    body: 'Ob Ihre Bestellung angekommen ist, steht nicht fest. Fragen Sie noch einmal, um es zu erfahren: Doppelt bestellen können Sie nicht.',
  },
  gave_up: {
    title: 'Noch immer keine Antwort vom Shop.',
    body: 'Ob Ihre Bestellung angekommen ist, steht nicht fest. Fragen Sie noch einmal, wann immer Sie möchten: Doppelt bestellen können Sie nicht.',
  },
  reload: 'Seite neu laden',
  reference: 'Kennung für den Kundendienst',
};
