// The answer to an application travels in a form; nobody should have to press its button.
document.querySelector("form[data-submits-itself]")?.requestSubmit();
