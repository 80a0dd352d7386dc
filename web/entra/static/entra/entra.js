// Improves the pages around a login that Microsoft began. All of them work without it.
import { countDown, readyLater } from "../countdown.js";

document.querySelectorAll("[data-countdown]").forEach(countDown);
document.querySelectorAll("[data-ready-in]").forEach(readyLater);

// The answer travels in a form; nobody should have to press its button.
document.querySelector("form[data-submits-itself]")?.requestSubmit();
